import Button from '@mui/material/Button'
import { Component, type ReactNode } from 'react'

import { Empty } from '../ui/Empty'

interface PageBoundaryProps {
  /** Another page begins without the fault of the last one. */
  page: string
  children: ReactNode
}

/** A fault of one page: the frame and the rest go on. */
export class PageBoundary extends Component<PageBoundaryProps, { fault?: string; page?: string }> {
  override state: { fault?: string; page?: string } = {}

  static getDerivedStateFromError(error: unknown) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }

  static getDerivedStateFromProps(props: PageBoundaryProps, state: { fault?: string; page?: string }) {
    return props.page === state.page ? null : { page: props.page, fault: undefined }
  }

  override render() {
    if (this.state.fault === undefined) return this.props.children
    return (
      <Empty
        icon="alert"
        title="This page has a fault"
        action={
          <Button variant="contained" onClick={() => window.location.reload()}>
            Load it again
          </Button>
        }
      >
        {this.state.fault}. Nothing that runs is touched by this.
      </Empty>
    )
  }
}
