// The little that scripts expect of a host: console, process, and the standard input as a file.
globalThis.tidewire = (() => {
  const state = { code: 0, out: [], err: [], size: 0, stdin: "", most: 0 };
  class Exit extends Error {}

  const write = (sink, text) => {
    state.size += text.length;
    if (state.size > state.most) throw new Error("The script writes more than script_output_bytes.");
    sink.push(text);
    return true;
  };

  const show = (value, depth = 0) => {
    if (typeof value === "string") return depth ? JSON.stringify(value) : value;
    if (value instanceof Error) return value.stack ?? String(value);
    if (typeof value !== "object" || value === null) return String(value);
    try {
      return JSON.stringify(value);
    } catch {
      return String(value);
    }
  };
  const line = (values) => values.map((value) => show(value)).join(" ") + "\n";

  const readFileSync = (file, options) => {
    if (file !== 0 && file !== "/dev/stdin") throw new Error("Scripts have no files but their standard input.");
    return state.stdin;
  };
  const fs = { readFileSync };
  const modules = { fs, "node:fs": fs };
  const require = (name) => {
    if (!(name in modules)) throw new Error(`There is no module ${name} here.`);
    return modules[name];
  };

  const log = (...values) => void write(state.out, line(values));
  const warn = (...values) => void write(state.err, line(values));
  globalThis.console = { log, info: log, debug: log, error: warn, warn, trace: warn };

  // Scripts are no modules to V8: their imports become constants.
  const names = (list) => `{${list.replace(/\bas\b/g, ":")}}`;
  const withoutImports = (code) =>
    code
      .replace(/^[ \t]*import\s*\{([^}]*)\}\s*from\s*(['"][^'"\n]+['"]);?/gm, (_, list, name) => `const ${names(list)} = require(${name});`)
      .replace(/^[ \t]*import\s+(?:\*\s+as\s+)?([A-Za-z_$][\w$]*)\s+from\s*(['"][^'"\n]+['"]);?/gm, (_, all, name) => `const ${all} = require(${name});`);

  const fail = (error) => {
    if (error instanceof Exit) return;
    state.code = 1;
    state.err.push(line([error]));
  };

  return {
    begin(text) {
      const given = JSON.parse(text);
      state.stdin = given.stdin;
      state.most = given.output_bytes;
      globalThis.process = {
        argv: ["script", "script", ...given.arguments],
        env: given.environment,
        exitCode: 0,
        stdin: { fd: 0 },
        stdout: { write: (text) => write(state.out, String(text)) },
        stderr: { write: (text) => write(state.err, String(text)) },
        exit(code = globalThis.process.exitCode) {
          state.code = Number(code) | 0;
          throw new Exit("exit");
        },
      };
    },
    async run(code) {
      const AsyncFunction = (async () => {}).constructor;
      try {
        await new AsyncFunction("require", withoutImports(code))(require);
        state.code = Number(globalThis.process.exitCode) | 0;
      } catch (error) {
        fail(error);
      }
    },
    result: () => JSON.stringify({ code: state.code, stdout: state.out.join(""), stderr: state.err.join("") }),
  };
})();
