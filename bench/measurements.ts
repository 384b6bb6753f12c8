import type { Measurement } from './measurement.ts';
import { measureBinStart } from './measurements/bin-start.ts';
import { measureExecutor } from './measurements/executor.ts';
import { measureManifest } from './measurements/manifest.ts';
import { measurePlan } from './measurements/plan.ts';
import { measurePreview } from './measurements/preview.ts';
import { measureRegistrar } from './measurements/registrar.ts';
import { measureUp } from './measurements/up.ts';
import { measureUpNothing } from './measurements/up-nothing.ts';

/** Every measurement, in the order of the table. */
export const MEASUREMENTS: readonly Measurement[] = [
  { name: 'preview', title: 'Preview of the whole program', measure: measurePreview },
  { name: 'plan', title: 'Plan of the whole program, with its page', measure: measurePlan },
  { name: 'up-nothing', title: 'Up with nothing to do', measure: measureUpNothing },
  { name: 'up', title: 'Up of W1 to W9 from nothing', measure: measureUp },
  { name: 'registrar', title: 'Dry run of the hardened registrar', measure: measureRegistrar },
  { name: 'manifest', title: 'Manifest of a million operations', measure: measureManifest },
  { name: 'executor', title: 'Plans of the executor', measure: measureExecutor },
  { name: 'bin-start', title: "A bin's start to its first query", measure: measureBinStart },
];
