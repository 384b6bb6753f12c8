// Preloaded into the SDK's policy pack runner when PulumiPolicy.yaml says `typescript: false`: the runner then finds
// a compiler that registers nothing, and Node strips the types by itself.
const { createRequire } = require('node:module');
require('./quick-sdk.cjs');

const tsutils = createRequire(process.argv[1])('../../tsutils');
tsutils.loadTypeScriptCompilerOptions = () => ({});
tsutils.typeScriptRequireStrings = () => ({ tsnodeRequire: __filename, typescriptRequire: __filename });

// The engine ends a pack by a signal, and only a process that exits keeps what it compiled for the next one.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit());

module.exports = { register() {}, version: '0.0.0' };
