import Skeleton from '@mui/material/Skeleton'
import { lazy, Suspense, type ComponentProps } from 'react'

const Editor = lazy(() => import('./Editor'))

/** The editor is large: it is loaded where it is needed. */
export function LazyEditor(props: ComponentProps<typeof Editor>) {
  return (
    <Suspense fallback={<Skeleton variant="rounded" height={props.height ?? 520} />}>
      <Editor {...props} />
    </Suspense>
  )
}
