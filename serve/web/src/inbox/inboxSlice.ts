import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

import { api } from '../api'
import type { Notification, NotificationPage } from '../api/generated'

/** What channel `inbox:<tenant>.<user>` tells. */
export type InboxNews = { notification: Notification } | { read: string; unread: number } | { task: { id: string } }

export interface InboxState {
  /** Undefined until the first page came. */
  unread: number | undefined
  /** Those that came by push, newest first; the oldest are forgotten. */
  arrived: Notification[]
  /** When it was heard that these were read; pages loaded before do not know it. */
  read: Record<string, string>
  allReadAt: string | undefined
}

const KEPT = 200
const initial: InboxState = { unread: undefined, arrived: [], read: {}, allReadAt: undefined }

const inboxSlice = createSlice({
  name: 'inbox',
  initialState: initial,
  reducers: {
    notificationArrived(state, action: PayloadAction<Notification>) {
      if (state.arrived.some((one) => one.id === action.payload.id)) return
      state.arrived.unshift(action.payload)
      state.arrived.length = Math.min(state.arrived.length, KEPT)
      if (action.payload.read_at === null) state.unread = (state.unread ?? 0) + 1
    },
    notificationRead(state, action: PayloadAction<{ id: string; unread: number; at: string }>) {
      state.read[action.payload.id] = action.payload.at
      state.unread = action.payload.unread
    },
    allRead(state, action: PayloadAction<{ at: string }>) {
      state.allReadAt = action.payload.at
      state.unread = 0
    },
    inboxForgotten: () => initial,
  },
  extraReducers: (builder) => {
    builder.addMatcher(api.endpoints.listNotifications.matchFulfilled, (state, { payload }) => count(state, payload))
    builder.addMatcher(api.endpoints.pageNotifications.matchFulfilled, (state, { payload }) => {
      const [first] = payload.pages
      if (first !== undefined && payload.pages.length === 1) count(state, first)
    })
  },
})

/** What a first page counts, and what came by push after that page was read. */
function count(state: InboxState, page: NotificationPage): void {
  const newest = page.items[0]?.id ?? ''
  const after = state.arrived.filter((one) => one.id > newest && isUnread(one, state)).length
  state.unread = page.unread + after
}

/** Whether nobody has read it yet, as far as is known. */
export function isUnread(one: Notification, state: Pick<InboxState, 'read' | 'allReadAt'>): boolean {
  const all = state.allReadAt
  return one.read_at === null && state.read[one.id] === undefined && (all === undefined || one.created_at > all)
}

/** The inbox of a page and of the channel together, newest first. */
export function merged(state: InboxState, page: readonly Notification[]): Notification[] {
  const known = new Set(page.map((one) => one.id))
  const all = [...state.arrived.filter((one) => !known.has(one.id)), ...page]
  return all.sort((one, other) => (one.id < other.id ? 1 : -1))
}

/** What is being read stays where it is: what came later than the page waits, unless there is nothing to move. */
export function heldBack(all: Notification[], newestOfPage: string, seen: string): { rows: Notification[]; newer: number } {
  const upTo = newestOfPage > seen ? newestOfPage : seen
  const rows = upTo === '' ? all : all.filter((one) => one.id <= upTo)
  return { rows, newer: all.length - rows.length }
}

export const { notificationArrived, notificationRead, allRead, inboxForgotten } = inboxSlice.actions
export const inboxReducer = inboxSlice.reducer
