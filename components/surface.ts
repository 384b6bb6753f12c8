import { GovernedStep } from './governed-step.ts';

/** W3: schema, collection with its table, the table's contract, function, view, and two registry rows. */
export class Surface extends GovernedStep {}
