/** The one direction of imports: core <- templates <- activities <- workflows (types only) <- bridge, worker <- cli, sandbox. */
const rooms =
  'core|templates|config|service|privacy|stores|activities|workflows|ingest-bridge|http-endpoint|worker|sandbox|cli';
const only = (from, to, extra = {}) => ({
  name: `${from}-imports-only-${to.replaceAll('|', '-') || 'itself'}`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { path: `^(${rooms})/`, pathNot: `^(${[from, to].filter(Boolean).join('|')})/`, ...extra },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    // fhir/r4 and @medplum/fhirtypes hold types only: there is nothing to resolve at run time.
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(fhir/r4|@medplum/fhirtypes)' },
    },
    only('core', ''),
    only('templates', 'core'),
    only('config', 'core'),
    only('service', 'core'),
    only('privacy', 'core|config|service'),
    only('stores', 'core|service|privacy'),
    only('activities', 'core|templates|stores'),
    only('workflows', 'core|activities'),
    only('ingest-bridge', 'core|templates|privacy|stores|workflows|config|service'),
    only('http-endpoint', 'core|templates|config|service'),
    only('worker', 'core|templates|privacy|stores|activities|workflows|config|service'),
    {
      name: 'pure-code-has-no-node-built-ins',
      severity: 'error',
      from: { path: '^(core|templates|workflows)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-take-only-types-from-activities',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-carry-no-zod',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: 'node_modules/zod', reachable: true },
    },
    {
      name: 'the-product-does-not-know-the-sandbox',
      severity: 'error',
      from: {
        path: '^(core|templates|config|service|privacy|stores|activities|workflows|ingest-bridge|http-endpoint|worker)/',
      },
      to: { path: '^(sandbox|cli|deploy|test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|data|coverage)/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
