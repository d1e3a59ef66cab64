/**
 * Endpoints that a browser has no use for are left out, so that the first page stays small: those for machines, those that
 * a browser only goes to, and those of second factors, which src/security/factors.ts loads with its pages.
 */
const unused = /^(receiveHook|get(Server|Jwks|Health|Readiness|PrometheusMetrics)|getModel(VersionReady|Ready|Metadata|VersionMetadata)|.*ModelInfer$|refresh$|useTicket$|createPushToken|deployModel|(get|put|delete|list)HookSources?$|putMetric$|getConnection$|getModelVersion$|(put|delete|list)Secrets?$|.*Scim(Users?|Groups?|Configuration|ResourceTypes?|Schemas?)$|(start|finishOidc|finishSaml)SignOn$|getSamlMetadata$|exportAuditLog$|verifyMfa$|(signInBy|(add|rename|delete|begin)Passkey)|beginStepUp$|stepUp$|getMyFactors$|(begin|delete|confirm)Totp$|createRecoveryCodes$)/

module.exports = {
  schemaFile: '../openapi.json',
  apiFile: '../src/api/empty.ts',
  apiImport: 'emptyApi',
  outputFile: '../src/api/generated.ts',
  exportName: 'generatedApi',
  hooks: true,
  tag: true,
  encodePathParams: true,
  filterEndpoints: (name) => !unused.test(name),
}
