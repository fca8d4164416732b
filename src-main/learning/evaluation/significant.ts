/** Six digits: more than any figure here is known to, and a report stays small. @example 0.123456789 becomes 0.123457 */
export const significant = (value: number): number => Number(value.toPrecision(6))

export const significantOrNull = (value: number | null): number | null => (value === null ? null : significant(value))
