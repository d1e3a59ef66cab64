/** How far an action on many runs is. */
export interface Progress {
  total: number
  done: number
  failed: { id: string; reason: string }[]
}

/**
 * Does something to each, one after the other; what fails is noted with its reason and the rest goes on.
 * `act` answers with the reason when it failed.
 */
export async function eachOf(
  ids: readonly string[], act: (id: string) => Promise<string | undefined>, tell: (progress: Progress) => void,
): Promise<Progress> {
  let progress: Progress = { total: ids.length, done: 0, failed: [] }
  tell(progress)
  for (const id of ids) {
    const reason = await act(id)
    progress = reason === undefined ? { ...progress, done: progress.done + 1 } : { ...progress, failed: [...progress.failed, { id, reason }] }
    tell(progress)
  }
  return progress
}
