/** What the Centrifuge client tells when a channel is subscribed. */
export interface Subscribed {
  wasRecovering: boolean
  recovered: boolean
}

/**
 * What to do when a channel is there:
 * - `load` the first time: what happened between the first request and now may have been missed;
 * - `caught-up` when all that was missed has come as publications;
 * - `reload` when it could not be recovered.
 */
export type Next = 'load' | 'caught-up' | 'reload'

export function nextStep(context: Subscribed, first: boolean): Next {
  if (context.wasRecovering) return context.recovered ? 'caught-up' : 'reload'
  return first ? 'load' : 'reload'
}

/** How the channels of one reconnect went, together: one that could not be recovered makes it a reload. */
export function together(one: Next | undefined, other: Next): Next {
  if (one === 'reload' || other === 'reload') return 'reload'
  return one === 'caught-up' || other === 'caught-up' ? 'caught-up' : 'load'
}
