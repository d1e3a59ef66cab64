import Alert from '@mui/material/Alert'
import { useEffect, useState } from 'react'

import { useAppDispatch, useAppSelector } from '../app/store'
import { Icon } from '../ui/Icon'
import { Ago } from '../ui/Time'
import { outcomeSeen } from './liveSlice'

const PATIENCE_MS = 1200
const SHOWN_MS = 6000

/** Says that what is shown may be old, and, when the connection is back, what was done about it. */
export function LiveBanner() {
  const dispatch = useAppDispatch()
  const { status, lostAt, outcome, caughtUp } = useAppSelector((state) => state.live)
  const lost = status === 'lost'
  const [shown, setShown] = useState(false)

  // A blink of the network is not worth a word.
  useEffect(() => {
    const timer = setTimeout(() => setShown(lost), lost ? PATIENCE_MS : 0)
    return () => clearTimeout(timer)
  }, [lost])

  useEffect(() => {
    if (outcome === undefined || lost) return
    const timer = setTimeout(() => dispatch(outcomeSeen()), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [outcome, lost, dispatch])

  const bar = { borderRadius: 0, borderWidth: '0 0 1px', position: 'sticky', top: 0, zIndex: 1050, bgcolor: 'background.paper' }
  if (lost && shown) {
    return (
      <Alert severity="warning" variant="outlined" role="status" sx={bar} icon={<Icon name="offline" />}>
        Connection lost{lostAt !== undefined && <> <Ago at={new Date(lostAt).toISOString()} /></>}. What you see may be old. Reconnecting …
      </Alert>
    )
  }
  if (!lost && outcome !== undefined) {
    return (
      <Alert severity="success" variant="outlined" role="status" sx={bar} icon={<Icon name="check" />} onClose={() => dispatch(outcomeSeen())}>
        {outcome === 'caught-up'
          ? `Connected again. ${caughtUp === 0 ? 'Nothing was missed.' : `${caughtUp} missed ${caughtUp === 1 ? 'change' : 'changes'} caught up.`}`
          : 'Connected again. Some changes could not be caught up, so the page was loaded anew.'}
      </Alert>
    )
  }
  return null
}
