// The names that a module may import from the SDK inside the engine: fewer than the npm package has.

export * from "/opt/dagger/node_modules/@dagger.io/dagger/dist/src/api/client.gen.js";
export type { CallbackFct, ConnectOpts } from "/opt/dagger/node_modules/@dagger.io/dagger/dist/src/index.js";
export {
  argument,
  Context,
  check,
  connect,
  connection,
  entrypoint,
  enumType,
  field,
  func,
  generate,
  object,
} from "/opt/dagger/node_modules/@dagger.io/dagger/dist/src/index.js";
