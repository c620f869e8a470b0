import { registerHooks } from 'node:module'

// What `npm run bench:topology` starts. Node runs TypeScript, but looks for files by the very names that imports have.
registerHooks({
  resolve(specifier, context, next) {
    const ours = specifier.startsWith('.') && context.parentURL?.includes('/node_modules/') === false
    return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context)
  },
})
await import('./command.js')
