import { lazy } from 'react'

import type { Route } from '../router'

// Every page but the frame is loaded when it is opened.
const DashboardPage = lazy(async () => ({ default: (await import('../dashboard/DashboardPage')).DashboardPage }))
const WorkflowsPage = lazy(async () => ({ default: (await import('../workflows/WorkflowsPage')).WorkflowsPage }))
const NewWorkflowPage = lazy(async () => ({ default: (await import('../workflows/NewWorkflowPage')).NewWorkflowPage }))
const WorkflowPage = lazy(async () => ({ default: (await import('../workflows/WorkflowPage')).WorkflowPage }))
const RunsPage = lazy(async () => ({ default: (await import('../runs/RunsPage')).RunsPage }))
const RunPage = lazy(async () => ({ default: (await import('../runs/RunPage')).RunPage }))
const InboxPage = lazy(async () => ({ default: (await import('../inbox/InboxPage')).InboxPage }))
const JobsPage = lazy(async () => ({ default: (await import('../operations/JobsPage')).JobsPage }))
const LettersPage = lazy(async () => ({ default: (await import('../letters/LettersPage')).LettersPage }))
const LetterPage = lazy(async () => ({ default: (await import('../letters/LetterPage')).LetterPage }))
const TasksPage = lazy(async () => ({ default: (await import('../tasks/TasksPage')).TasksPage }))
const TaskPage = lazy(async () => ({ default: (await import('../tasks/TaskPage')).TaskPage }))
const LinkPage = lazy(async () => ({ default: (await import('../tasks/LinkPage')).LinkPage }))
const ModelsPage = lazy(async () => ({ default: (await import('../models/ModelsPage')).ModelsPage }))
const ModelPage = lazy(async () => ({ default: (await import('../models/ModelPage')).ModelPage }))
const ConnectionsPage = lazy(async () => ({ default: (await import('../connections/ConnectionsPage')).ConnectionsPage }))
const SettingsPage = lazy(async () => ({ default: (await import('./SettingsPage')).SettingsPage }))
const NotFoundPage = lazy(async () => ({ default: (await import('./NotFoundPage')).NotFoundPage }))
const SignInPage = lazy(async () => ({ default: (await import('../auth/SignInPage')).SignInPage }))
const SignUpPage = lazy(async () => ({ default: (await import('../auth/SignUpPage')).SignUpPage }))

/** Pages inside of the frame. */
export const PAGES: readonly Route[] = [
  { path: '/', Page: DashboardPage },
  { path: '/workflows', Page: WorkflowsPage },
  { path: '/workflows/new', Page: NewWorkflowPage },
  { path: '/workflows/:namespace/:name', Page: WorkflowPage },
  { path: '/runs', Page: RunsPage },
  { path: '/runs/:id', Page: RunPage },
  { path: '/inbox', Page: InboxPage },
  { path: '/jobs', Page: JobsPage },
  { path: '/dead-letters', Page: LettersPage },
  { path: '/dead-letters/:id', Page: LetterPage },
  { path: '/tasks', Page: TasksPage },
  { path: '/tasks/:id', Page: TaskPage },
  { path: '/models', Page: ModelsPage },
  { path: '/models/:model', Page: ModelPage },
  { path: '/connections', Page: ConnectionsPage },
  { path: '/settings', Page: SettingsPage },
  { path: '*', Page: NotFoundPage },
]

/** Pages for those who are not signed in, then the frame. */
export function entrances(frame: Route['Page']): readonly Route[] {
  return [
    { path: '/sign-in', Page: SignInPage },
    { path: '/sign-up', Page: SignUpPage },
    { path: '/answer/:token', Page: LinkPage },
    { path: '*', Page: frame },
  ]
}
