// Preloaded before the Pulumi program (`nodeargs` in Pulumi.yaml) and before policy packs. It leaves out of the SDK's
// start what neither has a use for, and with it goes half of a preview's time. Without it all works the same, slower.
const Module = require('node:module');

// The SDK takes a stack trace for each promise, and this maps each line of it back through source maps. Types are
// stripped in place here: there is nothing to map.
const UNUSED = 'source-map-support/register';

// Needed only to turn functions into text. Each is loaded when somebody reaches into it.
const DEFERRED = new Set(['@npmcli/arborist', 'typescript']);

// Opens a debugger session in every process, for the same purpose, and must do so from the start or not at all.
const REFUSED = /[/]v8Hooks$/;

const load = Module._load;
Module._load = function quickLoad(request, parent, isMain) {
  if (!parent?.filename?.includes('@pulumi')) return load.call(this, request, parent, isMain);
  if (request === UNUSED) return {};
  if (REFUSED.test(request)) return noSession;
  return DEFERRED.has(request)
    ? deferred(() => load.call(Module, request, parent, isMain))
    : load.call(this, request, parent, isMain);
};

const deferred = (loaded) => new Proxy({ __esModule: true }, { get: (own, name) => own[name] ?? loaded()[name] });

function refuse() {
  throw new Error(
    'functions cannot be serialised with engine/quick-sdk.cjs. Next: take it out of nodeargs in Pulumi.yaml',
  );
}

const noSession = {
  __esModule: true,
  isInitializedAsync: async () => {},
  getSessionAsync: refuse,
  getScriptUrl: refuse,
};
