/** The next patch version: `1.2.3` -> `1.2.4`; what is not a plain version stays as it is. */
export function raised(version: string): string {
  const found = /^(\d+)\.(\d+)\.(\d+)$/.exec(version)
  return found === null ? version : `${found[1]}.${found[2]}.${Number(found[3]) + 1}`
}

/** The text of a definition with its version raised, since a stored version never changes. */
export function nextVersion(source: string, version: string): string {
  const quoted = version.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const line = new RegExp(`^(\\s+"?version"?:\\s*["']?)${quoted}(["']?,?\\s*)$`, 'm')
  return source.replace(line, (_, before: string, after: string) => `${before}${raised(version)}${after}`)
}
