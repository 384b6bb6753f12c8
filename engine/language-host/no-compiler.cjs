// Preloaded into the SDK's policy pack runner when PulumiPolicy.yaml says `typescript: false`: the runner then finds
// a compiler that registers nothing, and Node strips the types by itself.
const { createRequire } = require('node:module');

const tsutils = createRequire(process.argv[1])('../../tsutils');
tsutils.loadTypeScriptCompilerOptions = () => ({});
tsutils.typeScriptRequireStrings = () => ({ tsnodeRequire: __filename, typescriptRequire: __filename });

module.exports = { register() {}, version: '0.0.0' };
