/** Whether this page may use passkeys: not on an address of numbers, nor without TLS except on localhost. */
export function canUsePasskeys(): boolean {
  return window.isSecureContext && typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential
}

/** Lets the person pick a passkey and sign; undefined when they changed their mind. */
export async function signByPasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  return asked(() =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  )
}

/** Lets the person make a passkey; undefined when they changed their mind. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  return asked(() =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
  )
}

async function asked(ask: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const made = await ask()
    return made instanceof PublicKeyCredential ? made.toJSON() : undefined
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return undefined
    throw error
  }
}
