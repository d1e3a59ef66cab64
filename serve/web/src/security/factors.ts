import { generatedApi } from '../api/generated'

export interface Passkey {
  id: string
  name: string
  backed_up: boolean
  created_at: string
  last_used_at: string | null
}

export interface Factors {
  totp: { created_at: string; confirmed_at: string | null } | null
  passkeys: Passkey[]
  recovery_codes: { left: number; created_at: string | null }
  required: boolean
}

export interface NewTotp {
  secret: string
  uri: string
  qr_svg: string
}

/** A token alone: the session stays, and so does its refresh cookie. */
export interface Fresh {
  access_token: string
  expires_in: number
}

/** What the sign-in answers when a second factor has to follow. */
export interface SecondFactor {
  mfa_token: string
  factors: string[]
  expires_in: number
  passkey: PublicKeyCredentialRequestOptionsJSON | null
}

export interface Proof {
  code?: string
  recovery_code?: string
  password?: string
  assertion?: unknown
  step_up_token?: string
}

interface StepUpOptions {
  factors: string[]
  step_up_token: string | null
  passkey: PublicKeyCredentialRequestOptionsJSON | null
}

interface SignInOptions {
  passkey_token: string
  passkey: PublicKeyCredentialRequestOptionsJSON
}

interface PasskeyOptions {
  registration_token: string
  passkey: PublicKeyCredentialCreationOptionsJSON
}

const tagged = generatedApi.enhanceEndpoints({ addTagTypes: ['my factors'] })

/** Second factors: at sign-in, in the settings, before sensitive changes. */
export const factorsApi = tagged.injectEndpoints({
  endpoints: (build) => ({
    verifySecondFactor: build.mutation<Fresh, Proof & { mfa_token: string }>({
      query: (body) => ({ url: '/v1/auth/mfa/verify', method: 'POST', body }),
    }),
    beginPasskeySignIn: build.mutation<SignInOptions, void>({
      query: () => ({ url: '/v1/auth/passkeys/options', method: 'POST' }),
    }),
    signInByPasskey: build.mutation<Fresh, { passkey_token: string; assertion: unknown }>({
      query: (body) => ({ url: '/v1/auth/passkeys', method: 'POST', body }),
    }),
    beginStepUp: build.mutation<StepUpOptions, void>({
      query: () => ({ url: '/v1/auth/step-up/options', method: 'POST' }),
    }),
    stepUp: build.mutation<Fresh, Proof>({
      query: (body) => ({ url: '/v1/auth/step-up', method: 'POST', body }),
    }),
    getFactors: build.query<Factors, void>({ query: () => '/v1/me/factors', providesTags: ['my factors'] }),
    beginTotp: build.mutation<NewTotp, void>({ query: () => ({ url: '/v1/me/factors/totp', method: 'POST' }) }),
    confirmTotp: build.mutation<Fresh, string>({
      query: (code) => ({ url: '/v1/me/factors/totp/confirm', method: 'POST', body: { code } }),
      invalidatesTags: ['my factors'],
    }),
    removeTotp: build.mutation<null, void>({
      query: () => ({ url: '/v1/me/factors/totp', method: 'DELETE' }),
      invalidatesTags: ['my factors'],
    }),
    newRecoveryCodes: build.mutation<{ codes: string[] }, void>({
      query: () => ({ url: '/v1/me/recovery-codes', method: 'POST' }),
      invalidatesTags: ['my factors'],
    }),
    beginPasskey: build.mutation<PasskeyOptions, void>({
      query: () => ({ url: '/v1/me/passkeys/options', method: 'POST' }),
    }),
    addPasskey: build.mutation<Fresh, { registration_token: string; name: string; credential: unknown }>({
      query: (body) => ({ url: '/v1/me/passkeys', method: 'POST', body }),
      invalidatesTags: ['my factors'],
    }),
    renamePasskey: build.mutation<Passkey, { id: string; name: string }>({
      query: ({ id, name }) => ({ url: `/v1/me/passkeys/${id}`, method: 'PATCH', body: { name } }),
      invalidatesTags: ['my factors'],
    }),
    removePasskey: build.mutation<null, string>({
      query: (id) => ({ url: `/v1/me/passkeys/${id}`, method: 'DELETE' }),
      invalidatesTags: ['my factors'],
    }),
  }),
})

export const {
  useVerifySecondFactorMutation,
  useBeginPasskeySignInMutation,
  useSignInByPasskeyMutation,
  useBeginStepUpMutation,
  useStepUpMutation,
  useGetFactorsQuery,
  useBeginTotpMutation,
  useConfirmTotpMutation,
  useRemoveTotpMutation,
  useNewRecoveryCodesMutation,
  useBeginPasskeyMutation,
  useAddPasskeyMutation,
  useRenamePasskeyMutation,
  useRemovePasskeyMutation,
} = factorsApi
