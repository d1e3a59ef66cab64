"""Wrong tasks: each fault has its pointer and says what to do."""

from __future__ import annotations

import pytest

from models.domain.dsl.validation import check_definition
from tests.unit.domain.dsl_documents import with_tasks

# tasks, pointer of the fault, a part of what it says
WRONG = [
    # lists of tasks
    ("{a: {set: {x: 1}}}", "/do", "list of tasks"),
    ("text", "/do", "list of tasks"),
    ("[1]", "/do/0", "named task"),
    ("[{}]", "/do/0", "empty object"),
    ("[{a: {set: {x: 1}}, b: {set: {x: 1}}}]", "/do/0", "has 2"),
    ("[{a: {set: {x: 1}}}, {a: {set: {x: 2}}}]", "/do/1/a", "another task"),
    ("[{a: {do: [{b: {set: {x: 1}}}, {b: {set: {x: 1}}}]}}]", "/do/0/a/do/1/b", "another task"),
    ("[{end: {set: {x: 1}}}]", "/do/0/end", "meaning"),
    ("[{exit: {set: {x: 1}}}]", "/do/0/exit", "meaning"),
    ("[{'': {set: {x: 1}}}]", "/do/0/", "name"),
    ("[{a: 5}]", "/do/0/a", "Write a task"),
    ("[{a/b~c: {}}]", "/do/0/a~1b~0c", "does nothing"),
    ("[{a: {}}]", "/do/0/a", "does nothing"),
    ("[{a: {if: .x}}]", "/do/0/a", "does nothing"),
    ("[{a: {sett: {x: 1}}}]", "/do/0/a/sett", 'did you mean "set"?'),
    ("[{a: {set: {x: 1}, call: http}}]", "/do/0/a", "one thing"),
    ("[{a: {set: {x: 1}, foo: 1}}]", "/do/0/a/foo", "no property"),
    ("[{a: {set: {x: 1}, outputs: {}}}]", "/do/0/a/outputs", 'did you mean "output"?'),
    ("[{a: {set: {x: 1}, while: .x}}]", "/do/0/a/while", "no property"),
    # what every task may have
    ("[{a: {set: {x: 1}, if: true}}]", "/do/0/a/if", "jq expression"),
    ("[{a: {set: {x: 1}, if: '.x['}}]", "/do/0/a/if", "no jq expression"),
    ("[{a: {set: {x: 1}, if: '${ .x == }'}}]", "/do/0/a/if", "no jq expression"),
    ("[{a: {set: {x: 1}, then: nowhere}}]", "/do/0/a/then", "no task"),
    ("[{alpha: {set: {x: 1}, then: alfa}}]", "/do/0/alpha/then", 'did you mean "alpha"?'),
    ("[{a: {set: {x: 1}, then: 1}}]", "/do/0/a/then", "name of a task"),
    ("[{a: {do: [{b: {set: {x: 1}, then: c}}]}}, {c: {set: {x: 1}}}]", "/do/0/a/do/0/b/then", "no task"),
    ("[{a: {set: {x: 1}, input: .x}}]", "/do/0/a/input", "object"),
    ("[{a: {set: {x: 1}, input: {form: .x}}}]", "/do/0/a/input/form", 'did you mean "from"?'),
    ("[{a: {set: {x: 1}, input: {from: [1]}}}]", "/do/0/a/input/from", "a list"),
    ("[{a: {set: {x: 1}, output: {as: {y: '${ .x + }'}}}}]", "/do/0/a/output/as/y", "no jq expression"),
    ("[{a: {set: {x: 1}, export: {as: 1}}}]", "/do/0/a/export/as", "number 1"),
    ("[{a: {set: {x: 1}, output: {schema: {}}}}]", "/do/0/a/output/schema", "document"),
    ("[{a: {set: {x: 1}, output: {schema: {format: xml, document: {}}}}}]", "/do/0/a/output/schema/format", "json"),
    ("[{a: {set: {x: 1}, timeout: {}}}]", "/do/0/a/timeout/after", "required"),
    ("[{a: {set: {x: 1}, timeout: {after: soon}}}]", "/do/0/a/timeout/after", "ISO 8601"),
    ("[{a: {set: {x: 1}, timeout: quick}}]", "/do/0/a/timeout", "use.timeouts"),
    ("[{a: {set: {x: 1}, metadata: 1}}]", "/do/0/a/metadata", "object"),
    ("[{a: {set: {x: 1}, metadata: {connection: crm}}}]", "/do/0/a/metadata/connection", "call: http"),
    ("[{a: {set: {x: 1}, metadata: {unknownOutcome: retry}}}]", "/do/0/a/metadata/unknownOutcome", "a call"),
    # call
    ("[{a: {call: 5}}]", "/do/0/a/call", "name"),
    ("[{a: {call: htp}}]", "/do/0/a/call", 'did you mean "http"?'),
    ("[{a: {call: http}}]", "/do/0/a/with", "required"),
    ("[{a: {call: http, with: {endpoint: 'http://x.example'}}}]", "/do/0/a/with/method", "required"),
    ("[{a: {call: http, with: {method: get}}}]", "/do/0/a/with/endpoint", "required"),
    ("[{a: {call: http, with: {method: 7, endpoint: 'http://x.example'}}}]", "/do/0/a/with/method", "text"),
    ("[{a: {call: http, with: {method: get, endpoint: nowhere}}}]", "/do/0/a/with/endpoint", "absolute URI"),
    ("[{a: {call: http, with: {method: get, endpoint: /path}}}]", "/do/0/a/with/endpoint", "absolute URI"),
    ("[{a: {call: http, with: {method: get, endpoint: 'ftp://x.example'}}}]", "/do/0/a/with/endpoint", "http://"),
    ("[{a: {call: http, with: {method: get, endpoint: {}}}}]", "/do/0/a/with/endpoint/uri", "required"),
    ("[{a: {call: http, with: {method: get, endpoint: {uri: 'http://x.example', authentication: {use: me}}}}}]",
     "/do/0/a/with/endpoint/authentication/use", "use.authentications"),
    ("[{a: {call: http, with: {method: get, endpoint: {uri: 'http://x.example', authentication: {}}}}}]",
     "/do/0/a/with/endpoint/authentication", "basic"),
    ("[{a: {call: http, with: {method: get, endpoint: {uri: 'http://x.example', "
     "authentication: {basic: {username: me}}}}}}]", "/do/0/a/with/endpoint/authentication/basic/password", "required"),
    ("[{a: {call: http, with: {method: get, endpoint: {uri: 'http://x.example', "
     "authentication: {bearer: {}}}}}}]", "/do/0/a/with/endpoint/authentication/bearer/token", "required"),
    ("[{a: {call: http, with: {method: get, endpoint: 'http://x.example', headers: {x: 1}}}}]",
     "/do/0/a/with/headers/x", "quotes"),
    ("[{a: {call: http, with: {method: get, endpoint: 'http://x.example', query: {x: {}}}}}]",
     "/do/0/a/with/query/x", "query parameter"),
    ("[{a: {call: http, with: {method: get, endpoint: 'http://x.example', output: body}}}]",
     "/do/0/a/with/output", "raw, content, response"),
    ("[{a: {call: http, with: {method: get, endpoint: 'http://x.example', redirect: 'no'}}}]",
     "/do/0/a/with/redirect", "true or false"),
    ("[{a: {call: http, with: {method: get, endpoint: 'http://x.example', body: {deep: ['${ .x | }']}}}}]",
     "/do/0/a/with/body/deep/0", "no jq expression"),
    ("[{a: {call: http, metadata: {connection: ''}, with: {method: get, endpoint: /x}}}]",
     "/do/0/a/metadata/connection", "empty"),
    ("[{a: {call: http, metadata: {unknownOutcome: maybe}, with: {method: get, endpoint: 'http://x.example'}}}]",
     "/do/0/a/metadata/unknownOutcome", "retry"),
    ("[{a: {call: predict, with: {inputs: []}}}]", "/do/0/a/with/model", "required"),
    ("[{a: {call: predict, with: {model: delay}}}]", "/do/0/a/with/inputs", "required"),
    ("[{a: {call: predict, with: {model: delay, inputs: [], input: 1}}}]", "/do/0/a/with/input", "did you mean"),
    ("[{a: {call: notify, with: {to: all}}}]", "/do/0/a/with/title", "required"),
    ("[{a: {call: notify, with: {to: desk, title: x}}}]", "/do/0/a/with/to", "role:"),
    ("[{a: {call: notify, with: {to: 'role:boss', title: x}}}]", "/do/0/a/with/to", "role:"),
    ("[{a: {call: notify, with: {to: all, title: x, severity: bad}}}]", "/do/0/a/with/severity", "warning"),
    ("[{a: {call: notify, with: {to: all, title: '${ .t }', link: 'javascript:x'}}}]", "/do/0/a/with/link", "path"),
    ("[{a: {call: notify, with: {to: all, title: 5}}}]", "/do/0/a/with/title", "text"),
    # emit, raise, set, wait
    ("[{a: {emit: {}}}]", "/do/0/a/emit/event", "required"),
    ("[{a: {emit: {event: {}}}}]", "/do/0/a/emit/event/with", "required"),
    ("[{a: {emit: {event: {with: {type: x}}}}}]", "/do/0/a/emit/event/with/source", "required"),
    ("[{a: {emit: {event: {with: {source: 'https://x.example'}}}}}]", "/do/0/a/emit/event/with/type", "required"),
    ("[{a: {emit: {event: {with: {source: /x, type: x, Order-Id: y}}}}}]", "/do/0/a/emit/event/with/Order-Id", "lower"),
    ("[{a: {emit: {event: {with: {source: /x, type: x, time: noon}}}}}]", "/do/0/a/emit/event/with/time", "RFC 3339"),
    ("[{a: {emit: {event: {with: {source: /x, type: x, order: {}}}}}}]", "/do/0/a/emit/event/with/order", "text"),
    ("[{a: {emit: {event: {with: {source: /x, type: io.serverlessworkflow.workflow.completed.v1}}}}}]",
     "/do/0/a/emit/event/with/type", "choose another"),
    ("[{a: {raise: {}}}]", "/do/0/a/raise/error", "required"),
    ("[{a: {raise: {error: broken}}}]", "/do/0/a/raise/error", "use.errors"),
    ("[{a: {raise: {error: {type: 'https://x.example/e'}}}}]", "/do/0/a/raise/error/status", "required"),
    ("[{a: {raise: {error: {type: nothing, status: 400}}}}]", "/do/0/a/raise/error/type", "absolute URI"),
    ("[{a: {raise: {error: {type: 'https://x.example/e', status: '400'}}}}]", "/do/0/a/raise/error/status", "whole"),
    ("[{a: {raise: {error: {type: 'https://x.example/e', status: 9}}}}]", "/do/0/a/raise/error/status", "100 to 599"),
    ("[{a: {set: {}}}]", "/do/0/a/set", "at least one"),
    ("[{a: {set: [1]}}]", "/do/0/a/set", "object"),
    ("[{a: {set: hello}}]", "/do/0/a/set", "no jq expression"),
    ("[{a: {wait: 5}}]", "/do/0/a/wait", "duration"),
    ("[{a: {wait: 5s}}]", "/do/0/a/wait", "ISO 8601"),
    ("[{a: {wait: {}}}]", "/do/0/a/wait", "at least one"),
    ("[{a: {wait: {second: 5}}}]", "/do/0/a/wait", "no unit"),
    ("[{a: {wait: {seconds: -5}}}]", "/do/0/a/wait", "zero or more"),
    ("[{a: {wait: {seconds: 1.5}}}]", "/do/0/a/wait", "whole"),
    # switch, for, fork, try
    ("[{a: {switch: []}}]", "/do/0/a/switch", "at least one"),
    ("[{a: {switch: {x: {then: end}}}}]", "/do/0/a/switch", "list of cases"),
    ("[{a: {switch: [{x: {when: .x}}]}}]", "/do/0/a/switch/0/x/then", "required"),
    ("[{a: {switch: [{x: {when: 1, then: end}}]}}]", "/do/0/a/switch/0/x/when", "jq expression"),
    ("[{a: {switch: [{x: {then: b}}]}}]", "/do/0/a/switch/0/x/then", "no task"),
    ("[{a: {switch: [{x: {then: end}}, {y: {then: end}}]}}]", "/do/0/a/switch/1/y", "Only one"),
    ("[{a: {switch: [{x: {then: end}, y: {then: end}}]}}]", "/do/0/a/switch/0", "one named case"),
    ("[{a: {for: {in: .x}}}]", "/do/0/a/do", "required"),
    ("[{a: {for: {}, do: []}}]", "/do/0/a/for/in", "required"),
    ("[{a: {for: {in: .x, each: $item}, do: []}}]", "/do/0/a/for/each", "variable name"),
    ("[{a: {for: {in: [1, 2]}, do: []}}]", "/do/0/a/for/in", "jq expression"),
    ("[{a: {for: {in: .x, each: pet}, do: [{b: {set: {x: '${ $item }'}}}]}}]", "/do/0/a/do/0/b/set/x", "$item"),
    ("[{a: {for: {in: $item}, do: []}}]", "/do/0/a/for/in", "$item"),
    ("[{a: {fork: {}}}]", "/do/0/a/fork/branches", "required"),
    ("[{a: {fork: {branches: [], compete: 1}}}]", "/do/0/a/fork/compete", "true or false"),
    ("[{a: {fork: {branches: [{b: {set: {x: 1}, then: c}}, {c: {set: {x: 1}}}]}}}]",
     "/do/0/a/fork/branches/0/b/then", "no task"),
    ("[{a: {try: []}}]", "/do/0/a/catch", "required"),
    ("[{a: {try: {}, catch: {}}}]", "/do/0/a/try", "list of tasks"),
    ("[{a: {try: [], catch: {errors: {with: {}}}}}]", "/do/0/a/catch/errors/with", "at least one"),
    ("[{a: {try: [], catch: {retry: never}}}]", "/do/0/a/catch/retry", "use.retries"),
    ("[{a: {try: [], catch: {as: the error}}}]", "/do/0/a/catch/as", "variable name"),
    ("[{a: {try: [], catch: {when: $err.status == 5}}}]", "/do/0/a/catch/when", "$err"),
    ("[{a: {try: [], catch: {retry: {backoff: {}}}}}]", "/do/0/a/catch/retry/backoff", "constant"),
    ("[{a: {try: [], catch: {retry: {backoff: {linear: {}, constant: {}}}}}}]",
     "/do/0/a/catch/retry/backoff", "exclude"),
    ("[{a: {try: [], catch: {retry: {limit: {attempt: {count: many}}}}}}]",
     "/do/0/a/catch/retry/limit/attempt/count", "whole"),
    ("[{a: {try: [], catch: {retry: {jitter: {from: PT1S}}}}}]", "/do/0/a/catch/retry/jitter/to", "required"),
    ("[{a: {try: [], catch: {retry: {jitter: {from: PT9S, to: PT1S}}}}}]", "/do/0/a/catch/retry/jitter", "longer"),
    ("[{a: {try: [], catch: {do: [{b: {set: {x: '${ $error. }'}}}]}}}]", "/do/0/a/catch/do/0/b/set/x", "jq"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "pointer", "says"), WRONG)
def test_a_wrong_task_is_told_at_its_place(tasks: str, pointer: str, says: str) -> None:
    faults = check_definition(with_tasks(tasks))
    assert [fault.pointer for fault in faults] == [pointer]
    assert says in faults[0].detail
    assert faults[0].detail[-1] in ".?)"


# Valid in the DSL; a version that does not perform it says so, and nothing else.
LATER = [
    ("[{a: {run: {script: {language: python, code: '1'}}}}]", "/do/0/a/run/script/language"),
    ("[{a: {call: mcp, with: {method: tools/list, transport: {stdio: {command: x}}}}}]",
     "/do/0/a/with/transport/stdio"),
    ("[{a: {call: 'log:1.0.0@default', with: {message: x}}}]", "/do/0/a/call"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "pointer"), LATER)
def test_what_comes_later_is_valid_but_refused_for_now(tasks: str, pointer: str) -> None:
    definition = with_tasks(tasks)
    assert check_definition(definition, not_yet=()) == []
    faults = check_definition(definition)
    assert [fault.pointer for fault in faults] == [pointer]
    assert "not supported yet by this version" in faults[0].detail


# Wrong also in a version that performs everything.
WRONG_LATER = [
    ("[{a: {listen: {}}}]", "/do/0/a/listen/to"),
    ("[{a: {listen: {to: {}}}}]", "/do/0/a/listen/to"),
    ("[{a: {listen: {to: {one: {}}}}}]", "/do/0/a/listen/to/one/with"),
    ("[{a: {listen: {to: {one: {with: {}}}}}}]", "/do/0/a/listen/to/one/with"),
    ("[{a: {listen: {to: {one: {with: {Type: x}}}}}}]", "/do/0/a/listen/to/one/with/Type"),
    ("[{a: {listen: {to: {one: {with: {type: '(a+)+'}}}}}}]", "/do/0/a/listen/to/one/with/type"),
    ("[{a: {listen: {to: {one: {with: {type: x}}, until: .x}}}}]", "/do/0/a/listen/to/until"),
    ("[{a: {listen: {to: {any: [], until: {any: [], until: .x}}}}}]", "/do/0/a/listen/to/until/until"),
    ("[{a: {listen: {to: {any: [], all: []}}}}]", "/do/0/a/listen/to"),
    ("[{a: {listen: {to: {all: [{with: {type: x}, correlate: {k: {expect: y}}}]}}}}]",
     "/do/0/a/listen/to/all/0/correlate/k/from"),
    ("[{a: {run: {}}}]", "/do/0/a/run"),
    ("[{a: {run: {script: {language: js}}}}]", "/do/0/a/run/script"),
    ("[{a: {run: {container: {image: x, lifetime: {cleanup: always, after: PT1M}}}}}]",
     "/do/0/a/run/container/lifetime/after"),
    ("[{a: {run: {shell: {command: ls}, return: everything}}}]", "/do/0/a/run/return"),
    ("[{a: {call: grpc, with: {proto: {endpoint: 'file://a'}, service: {name: s, host: h, port: 99999}, method: m}}}]",
     "/do/0/a/with/service/port"),
    ("[{a: {call: asyncapi, with: {document: {endpoint: 'https://x.example'}, message: {}}}}]", "/do/0/a/with"),
    ("[{a: {call: a2a, with: {method: message/sent, server: 'https://x.example'}}}]", "/do/0/a/with/method"),
    ("[{a: {call: a2a, with: {method: message/send}}}]", "/do/0/a/with"),
    ("[{a: {call: mcp, with: {method: tools/list, transport: {}}}}]", "/do/0/a/with/transport"),
    ("[{a: {call: 'log:1.0.0@global'}}]", "/do/0/a/call"),
    ("[{a: {call: http, with: {method: get, endpoint: {uri: 'http://x.example', "
     "authentication: {bearer: {use: token}}}}}}]", "/do/0/a/with/endpoint/authentication/bearer/use"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "pointer"), WRONG_LATER)
def test_what_comes_later_is_checked_already(tasks: str, pointer: str) -> None:
    assert [fault.pointer for fault in check_definition(with_tasks(tasks), not_yet=())] == [pointer]


RIGHT = [
    "[]",
    "[{a: {do: []}}]",
    "[{a: {set: {x: '${ .a + $context.b }'}, then: b}}, {c: {set: '${ . }', then: end}}, {b: {set: .x, then: c}}]",
    "[{a: {set: {x: 'Hello ${ .name }!'}}}]",
    "[{a: {for: {each: pet, in: .pets, at: n}, while: $n < 5, do: [{b: {set: {x: '${ [$pet, $n] }'}}}]}}]",
    "[{a: {for: {in: .x}, do: [{b: {for: {in: .y, each: z}, do: [{c: {set: {z: '${ [$item, $z, $index] }'}}}]}}]}}]",
    "[{a: {fork: {compete: true, branches: [{b: {set: {x: 1}, then: end}}, {c: {wait: PT1S}}]}}}]",
    "[{a: {switch: [{x: {when: .x, then: b}}, {y: {then: continue}}], then: exit}}, {b: {wait: {days: 1, hours: 2}}}]",
    "[{a: {try: [{b: {raise: {error: {type: 'https://x.example/e', status: 400, detail: '${ .why }'}}}}], "
    "catch: {errors: {with: {type: 'https://x.example/e', status: 400}}, as: err, when: $err.status > 1, "
    "retry: {delay: PT1S, backoff: {exponential: {}}, limit: {attempt: {count: 3, duration: PT5S}, duration: PT1M}, "
    "jitter: {from: PT0S, to: PT1S}, when: $err.status != 404}, do: [{c: {set: {e: '${ $err }'}}}]}}}]",
    "[{a: {call: http, with: {method: POST, endpoint: 'https://x.example/{id}', query: {n: 1, l: [a, b]}, "
    "headers: {X-A: '${ .h }'}, body: {a: ['${ .b }', null, 1.5]}, output: response, redirect: true}}}]",
    "[{a: {call: http, with: {method: get, endpoint: '${ .url }', headers: '${ .h }', query: '${ .q }'}}}]",
    "[{a: {call: http, with: {method: get, endpoint: {uri: 'https://x.example', authentication: "
    "{basic: {username: u, password: '${ .p }'}}}}}}]",
    "[{a: {call: http, metadata: {connection: crm, unknownOutcome: stop}, with: {method: get, endpoint: /v1/x}}}]",
    "[{a: {call: predict, with: {model: delay, version: '3', inputs: '${ . }'}}}]",
    "[{a: {call: notify, with: {to: 'user:a@b.example', title: '${ .t }', body: b, severity: info, link: /runs}}}]",
    "[{a: {emit: {event: {with: {source: 'https://x.example', type: x, orderid: '${ .id }', data: {a: '${ .b }'}}}}}}]",
    "[{a: {wait: '${ .delay }'}}]",
    "[{a: {set: {x: 1}, timeout: {after: {minutes: 5}}, metadata: {anything: [1]}, "
    "input: {from: .x, schema: {document: {type: object}}}, export: {as: '$context + { a: . }'}}}]",
]  # fmt: skip


@pytest.mark.parametrize("tasks", RIGHT)
def test_a_right_task_has_no_fault(tasks: str) -> None:
    assert check_definition(with_tasks(tasks)) == []


def test_every_fault_is_told_not_only_the_first() -> None:
    tasks = "[{a: {wait: x}}, {b: {call: htp, then: nope}}, {c: {set: {x: '${ .[ }'}, foo: 1}}]"
    pointers = {fault.pointer for fault in check_definition(with_tasks(tasks))}
    assert pointers == {"/do/0/a/wait", "/do/1/b/call", "/do/1/b/then", "/do/2/c/set/x", "/do/2/c/foo"}
