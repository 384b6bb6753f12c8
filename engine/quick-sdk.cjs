// Preloaded before the Pulumi program (`nodeargs` in Pulumi.yaml) and before policy packs. It leaves out of the SDK what
// neither has a use for, and with it goes half of a preview's time. Without it the program does the same, slower; the
// state then says where in the program each resource was made, and `pulumi --debug` what the SDK did.
const Module = require('node:module');

// Maps each line of each stack trace back through source maps. Types are stripped in place here: there is nothing to map.
const UNUSED = 'source-map-support/register';

// Needed only to turn functions into text, to drive the engine from a program, or where two versions meet. Each is loaded
// when somebody reaches into it.
const DEFERRED = new Set([
  '@npmcli/arborist',
  './automation',
  'js-yaml',
  'normalize-package-data',
  'semver',
  'typescript',
]);

// Needed only for `--tracing`, and half of all files that the SDK loads. Its names are taken at once and called later.
const TRACER = /[/]cmd[/]run[/]tracing[.]js$/;
const TRACER_PART = /^@opentelemetry[/](?!api$)/;

// Opens a debugger session in every process, to turn functions into text, and must do so from the start or not at all.
const REFUSED = /[/]v8Hooks$/;

// What the SDK does for each resource, and how it is left out. Every caller reaches through the module, so that each gets
// the changed one. A variable of the environment brings it back for whoever looks for a fault in the SDK itself.
const PER_RESOURCE = [
  // A stack trace for each promise, some twenty for each resource, which are printed only where this is set.
  { name: /[/]debuggable$/, leave: untraced, unless: 'PULUMI_DEBUG_PROMISE_LEAKS' },
  // Up to five debug messages for each resource, one after the other, which only `pulumi --debug` shows. The program
  // cannot end before the last one is answered.
  { name: /^(?:[.]{1,2}[/])+log$/, leave: withoutDebug, unless: 'C1_SDK_DEBUG' },
  // Where in the program each was made: a dozen frames with paths of this machine, a quarter of the state. Never there.
  { name: /^(?:[.]{1,2}[/])+resource$/, leave: withoutPosition },
].filter(({ unless }) => !process.env[unless]);

const load = Module._load;
Module._load = function quickLoad(request, parent, isMain) {
  if (!parent?.filename?.includes('@pulumi')) return load.call(this, request, parent, isMain);
  if (request === UNUSED) return {};
  if (REFUSED.test(request)) return noSession;
  const leave = PER_RESOURCE.find(({ name }) => name.test(request))?.leave;
  if (leave !== undefined) return leave(load.call(this, request, parent, isMain));
  const loaded = () => load.call(this, request, parent, isMain);
  if (TRACER.test(parent.filename) && TRACER_PART.test(request)) return calledLater(loaded);
  return DEFERRED.has(request) ? deferred(loaded) : loaded();
};

function deferred(loaded) {
  const partOf = (module, name) => (name === 'default' && !module.__esModule ? module : module[name]);
  return new Proxy({ __esModule: true }, { get: (own, name) => own[name] ?? partOf(loaded(), name) });
}

function calledLater(loaded) {
  const part = (name) => ({
    apply: (_target, _self, args) => loaded()[name](...args),
    construct: (_target, args) => new (loaded()[name])(...args),
  });
  return new Proxy({}, { get: (_target, name) => new Proxy(function later() {}, part(name)) });
}

function untraced(debuggable) {
  const { debuggablePromise } = debuggable;
  if (debuggablePromise.isUntraced) return debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  debuggable.debuggablePromise.isUntraced = true;
  return debuggable;
}

function withoutDebug(log) {
  log.debug = async () => {};
  return log;
}

// There are two modules of this name, and one of them has the class.
function withoutPosition(resource) {
  if (resource.Resource?.stackTrace) resource.Resource.stackTrace = () => [];
  return resource;
}

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
