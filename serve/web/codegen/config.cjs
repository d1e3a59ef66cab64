/** Endpoints that a browser has no use for are left out, so that the first page stays small. */
const unused = /^(receiveHook|get(Server|Jwks|Health|Readiness|PrometheusMetrics)|getModel(VersionReady|Ready|Metadata|VersionMetadata)|.*ModelInfer$|refresh$|useTicket$|createPushToken|deployModel|(get|put|delete|list)HookSources?$|putMetric$|getConnection$|getModelVersion$|(put|delete|list)Secrets?$)/

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
