import type { Centrifuge } from 'centrifuge'

import type { AppDispatch } from '../app/store'
import { nextStep } from './recovery'
import { batched } from './batched'
import { api } from '../api'
import type { Notification } from '../api/generated'
import { allRead, notificationArrived, notificationRead, type InboxNews } from '../inbox/inboxSlice'
import { metricsStale, pointsArrived, type PointNews } from '../metrics/metricsSlice'
import { runsHeard, type RunNews } from '../runs/runsSlice'
import { channelBack, liveConnected, liveConnecting, liveFailed, liveStopped } from './liveSlice'

export interface LiveOptions {
  url: string
  tenantId: string
  userId: string
  /** A token for the push gateway; rejects when there is none at the moment. */
  getToken: () => Promise<string>
  onNotification: (notification: Notification) => void
}

/** What a channel does with its messages, and how its views are loaded again. */
interface Channel {
  name: string
  take: (data: unknown) => void
  reload: () => void
}

const BATCH_MS = 250

/** Where the push gateway is when the server names no other place. */
export function pushUrl(location: Pick<Location, 'protocol' | 'host'>): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/connection/websocket`
}

/** Connects and keeps the store up to date; the result ends it. */
export function startLive(options: LiveOptions, dispatch: AppDispatch): () => void {
  let client: Centrifuge | undefined
  let stopped = false
  dispatch(liveConnecting({ at: Date.now() }))
  void import('centrifuge')
    .then((library) => {
      if (stopped) return
      client = new library.Centrifuge(options.url, {
        getToken: options.getToken,
        name: 'tidewire-web',
        minReconnectDelay: 300,
        maxReconnectDelay: 5_000,
        maxServerPingDelay: 5_000,
      })
      watchConnection(client, dispatch)
      for (const channel of channelsOf(options, dispatch)) subscribe(client, channel, dispatch)
      client.connect()
    })
    .catch(() => dispatch(liveFailed({ at: Date.now() })))
  return () => {
    stopped = true
    client?.disconnect()
    dispatch(liveStopped())
  }
}

function watchConnection(client: Centrifuge, dispatch: AppDispatch): void {
  client.on('connecting', () => dispatch(liveConnecting({ at: Date.now() })))
  client.on('connected', () => dispatch(liveConnected()))
  client.on('error', () => {
    if (client.state !== 'connected') dispatch(liveFailed({ at: Date.now() }))
  })
  client.on('disconnected', () => dispatch(liveFailed({ at: Date.now() })))
}

function channelsOf({ tenantId, userId, onNotification }: LiveOptions, dispatch: AppDispatch): Channel[] {
  const runs = batched<RunNews>(BATCH_MS, (items) => dispatch(runsHeard(items)))
  const points = batched<PointNews>(BATCH_MS, (items) => dispatch(pointsArrived(items)))
  return [
    {
      name: `runs:${tenantId}`,
      take: (data) => runs.add((data as { run: RunNews }).run),
      reload: () => dispatch(api.util.invalidateTags(['runs', 'dead letters', 'jobs'])),
    },
    {
      name: `metrics:${tenantId}`,
      take: (data) => points.add(...(data as { points: PointNews[] }).points),
      reload: () => dispatch(metricsStale()),
    },
    {
      name: `inbox:${tenantId}.${userId}`,
      take: (data) => takeInbox(data as InboxNews, dispatch, onNotification),
      reload: () => dispatch(api.util.invalidateTags(['notifications', 'tasks'])),
    },
  ]
}

function takeInbox(news: InboxNews, dispatch: AppDispatch, onNotification: (one: Notification) => void): void {
  if ('task' in news) {
    dispatch(api.util.invalidateTags(['tasks']))
    return
  }
  const at = new Date().toISOString()
  if ('notification' in news) {
    dispatch(notificationArrived(news.notification))
    onNotification(news.notification)
  } else if (news.read === 'all') {
    dispatch(allRead({ at }))
  } else {
    dispatch(notificationRead({ id: news.read, unread: news.unread, at }))
  }
}

function subscribe(client: Centrifuge, channel: Channel, dispatch: AppDispatch): void {
  const subscription = client.newSubscription(channel.name, { recoverable: true, positioned: true })
  let first = true
  let offset = 0
  subscription.on('publication', (context) => {
    offset = context.offset ?? offset
    channel.take(context.data)
  })
  subscription.on('subscribed', (context) => {
    const next = nextStep(context, first)
    const top = context.streamPosition?.offset ?? offset
    const missed = next === 'caught-up' ? Math.max(0, top - offset) : 0
    if (next !== 'caught-up') {
      offset = top
      channel.reload()
    }
    first = false
    dispatch(channelBack({ next, missed }))
  })
  subscription.subscribe()
}
