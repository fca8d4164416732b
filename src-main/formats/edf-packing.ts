/**
 * Which annotation lists go into which data record: each into the record of its time, or where that is full into the next that has room, or into one before.
 * `sizes` and `records` belong together: size and record of list i, by record. Returns the lists of each record that has any.
 * Every list finds room when `room` is at least the even share and the longest list (see `planRecords`).
 * @example packLists([10, 10, 10], [0, 0, 0], 2, 20) // Map { 0 => [0, 1], 1 => [2] }
 */
export function packLists(sizes: readonly number[], records: readonly number[], recordCount: number, room: number): Map<number, number[]> {
  const packed = new Map<number, number[]>()
  const used = new Map<number, number>()
  const put = (list: number, record: number): boolean => {
    const full = used.get(record) ?? 0
    if (full + sizes[list] > room) return false
    used.set(record, full + sizes[list])
    const lists = packed.get(record)
    if (lists) lists.push(list)
    else packed.set(record, [list])
    return true
  }
  const late: number[] = []
  let record = 0
  for (let list = 0; list < sizes.length; list++) {
    record = Math.max(record, records[list])
    while (record < recordCount && !put(list, record)) record++
    if (record >= recordCount) late.push(list)
  }
  record = recordCount - 1
  for (const list of late) {
    while (record >= 0 && !put(list, record)) record--
    if (record < 0) throw new RangeError('annotation lists were given less room than they need')
  }
  return packed
}
