// Prints what src/deploy/scaling.ts wants for some settings (one JSON argument), as the action itself computes it.
import '../../../script/lib/sources.mjs';

const { desiredScaling } = await import('../../../src/deploy/scaling.ts');
process.stdout.write(JSON.stringify(desiredScaling(JSON.parse(process.argv[2]))));
