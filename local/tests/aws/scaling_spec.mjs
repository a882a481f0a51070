// Prints what src/deploy/scaling.ts wants for some settings (one JSON argument), as the action itself computes it.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const file = specifier.startsWith('.') ? specifier.replace(/\.js$/, '.ts') : specifier;
    return next(file, context);
  },
});
const { desiredScaling } = await import('../../../src/deploy/scaling.ts');
process.stdout.write(JSON.stringify(desiredScaling(JSON.parse(process.argv[2]))));
