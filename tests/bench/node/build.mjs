// Bundles each twin into one minified file; the native binding of argon2 stays what npm installed.
import { build } from 'esbuild';

await build({
  entryPoints: ['src/login.mjs', 'src/verify-email.mjs'],
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // The SDK is bundled from its ES modules, so that what is not used is left out.
  mainFields: ['module', 'main'],
  external: ['@node-rs/argon2'],
  // What remains of CommonJS asks for Node's own modules by `require`.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
});
