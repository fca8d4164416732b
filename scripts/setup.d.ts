/** Is this program on the PATH? */
export function hasCommand(command: string): boolean
