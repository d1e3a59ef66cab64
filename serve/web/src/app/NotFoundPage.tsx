import Button from '@mui/material/Button'

import { Link } from '../router'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'

export function NotFoundPage() {
  return (
    <>
      <PageHeader title="Not here" />
      <Empty
        icon="search"
        title="There is nothing at this address"
        action={
          <Button component={Link} to="/" variant="contained">
            Go to the dashboard
          </Button>
        }
      >
        It may have been removed, or it belongs to another tenant.
      </Empty>
    </>
  )
}
