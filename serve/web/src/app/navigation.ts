import type { IconName } from '../ui/Icon'

export interface Place {
  to: string
  label: string
  icon: IconName
  /** Pressed after g. */
  key: string
  testId: string
  permission?: string
}

export const PLACES: readonly Place[] = [
  { to: '/', label: 'Dashboard', icon: 'dashboard', key: 'd', testId: 'nav-dashboard' },
  { to: '/workflows', label: 'Workflows', icon: 'workflow', key: 'w', testId: 'nav-workflows', permission: 'workflow:read' },
  { to: '/runs', label: 'Runs', icon: 'run', key: 'r', testId: 'nav-runs', permission: 'run:read' },
  { to: '/inbox', label: 'Inbox', icon: 'inbox', key: 'i', testId: 'nav-inbox', permission: 'notification:read' },
  { to: '/tasks', label: 'Tasks', icon: 'task', key: 't', testId: 'nav-tasks', permission: 'task:read' },
  { to: '/dead-letters', label: 'Dead letters', icon: 'letter', key: 'l', testId: 'nav-dead-letters', permission: 'run:read' },
  { to: '/models', label: 'Models', icon: 'model', key: 'm', testId: 'nav-models', permission: 'model:read' },
  { to: '/connections', label: 'Connections', icon: 'connection', key: 'c', testId: 'nav-connections', permission: 'connection:read' },
  { to: '/settings', label: 'Settings', icon: 'settings', key: 's', testId: 'nav-settings' },
]

export function isAt(place: Place, pathname: string): boolean {
  return place.to === '/' ? pathname === '/' : pathname === place.to || pathname.startsWith(`${place.to}/`)
}
