/** Definitions to begin with: each is valid as it is. */
export const TEMPLATES: readonly { name: string; text: string }[] = [
  {
    name: 'Notify on an event',
    text: `document:
  dsl: '1.0.3'
  namespace: ops
  name: greet
  version: 1.0.0
  title: Tell everyone about a greeting
schedule:
  on:
    one:
      with:
        type: com.example.greeting
do:
  - tellEveryone:
      call: notify
      with:
        to: all
        title: \${ "Somebody says " + .[0].data.text }
        severity: info
`,
  },
  {
    name: 'Call an API with retries',
    text: `document:
  dsl: '1.0.3'
  namespace: ops
  name: fetch-status
  version: 1.0.0
  title: Ask an API and keep what matters
do:
  - askWithPatience:
      try:
        - ask:
            call: http
            with:
              method: get
              endpoint: https://api.example.com/status
      catch:
        errors:
          with:
            type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
        retry:
          delay:
            seconds: 2
          backoff:
            exponential: {}
          limit:
            attempt:
              count: 5
  - keep:
      set:
        status: \${ .status }
`,
  },
  {
    name: 'Decide with a model',
    text: `document:
  dsl: '1.0.3'
  namespace: ops
  name: late-flights
  version: 1.0.0
  title: Tell the desk about flights that will be late
schedule:
  on:
    one:
      with:
        type: com.example.flight.departed
do:
  - predictDelay:
      input:
        from: .[0].data
      call: predict
      with:
        model: flight-delay
        inputs: \${ . }
  - isLate:
      switch:
        - late:
            when: .minutes > 30
            then: tellDesk
        - default:
            then: end
  - tellDesk:
      call: notify
      with:
        to: role:operator
        title: A flight will be late
        severity: warning
`,
  },
  {
    name: 'On a schedule',
    text: `document:
  dsl: '1.0.3'
  namespace: ops
  name: hourly
  version: 1.0.0
  title: Runs at the start of every hour
schedule:
  cron: 0 * * * *
do:
  - remember:
      set:
        note: It is that time again
`,
  },
]
