import createCache from '@emotion/cache'
import { CacheProvider } from '@emotion/react'
import CssBaseline from '@mui/material/CssBaseline'
import { ThemeProvider } from '@mui/material/styles'
import { setupListeners } from '@reduxjs/toolkit/query/react'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider } from 'react-redux'

import { isProblem } from './api/problem'
import { cspNonce } from './app/cspNonce'
import { entrances } from './app/routes'
import { Shell } from './app/Shell'
import { createStore, type AppStore } from './app/store'
import { theme } from './app/theme'
import { Waiting } from './app/Waiting'
import { signedIn, signedOut, unreachable } from './auth/authSlice'
import { refreshByCookie, takeTicket, useTicket as signInByTicket } from './auth/requests'
import { createSession, type Session } from './auth/session'
import { api } from './api'
import { Router, Routes } from './router'
import { createHistory } from './router/history'

const ENTRANCES = entrances(Shell)

const nonce = cspNonce()
const cache = createCache(nonce ? { key: 'tw', nonce } : { key: 'tw' })

const session: Session = createSession(refreshByCookie, () => {
  const known = store.getState().auth.status === 'in'
  store.dispatch(signedOut(known ? 'Your session has ended. Sign in again.' : undefined))
  store.dispatch(api.util.resetApiState())
})
const store: AppStore = createStore(session)
// A page that nobody looks at asks for nothing.
setupListeners(store.dispatch)

async function start(): Promise<void> {
  const ticket = takeTicket(window.location, window.history)
  if (ticket !== undefined) {
    const answer = await signInByTicket(ticket)
    if (!isProblem(answer)) {
      session.adopt(answer)
      store.dispatch(signedIn())
      return
    }
    // A link that was used before: whoever has the cookie is signed in all the same.
    if ((await session.token()) === undefined) store.dispatch(signedOut(answer.detail))
    else store.dispatch(signedIn())
    return
  }
  if ((await session.token()) !== undefined) store.dispatch(signedIn())
  else if (store.getState().auth.status !== 'out') {
    store.dispatch(unreachable())
    setTimeout(() => void start(), 2000)
  }
}

void start()

// After a new version was put in place, the old page's parts are gone: load the new page.
window.addEventListener('vite:preloadError', () => {
  const last = Number(sessionStorage.getItem('reloaded') ?? 0)
  if (Date.now() - last < 10_000) return
  sessionStorage.setItem('reloaded', String(Date.now()))
  window.location.reload()
})

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CacheProvider value={cache}>
        <ThemeProvider theme={theme} defaultMode="system">
          <CssBaseline enableColorScheme />
          <Provider store={store}>
            <Router history={createHistory(window)}>
              <Suspense fallback={<Waiting />}>
                <Routes routes={ENTRANCES} />
              </Suspense>
            </Router>
          </Provider>
        </ThemeProvider>
      </CacheProvider>
    </StrictMode>,
  )
}
