import { C1_DOT_CODES } from '../dots.ts';
import type { AdmissionRow, BirthRow, SpeciesRow } from '../payloads.ts';
import { admissionRecord } from '../plans/admission-record.ts';
import { birthBackfill } from '../plans/birth-backfill.ts';
import { ledgerAppend } from '../plans/ledger-append.ts';
import { speciesRegister } from '../plans/species-register.ts';
import type { StepPayloads } from './payloads.ts';
import { type Step, type StepRow, slug, stepRow } from './step.ts';

/** W2: the species, and for each of the eight DOTs its birth, its admission and its handbook entry (seed 000, W2). */
export function admissionStep(payloads: StepPayloads): Step {
  return {
    id: 'W2',
    title: 'Admission',
    goal: 'Born, admitted and in the handbook, before any dot_tools or contract row exists.',
    dotPaths: ['dot-species-register', 'dot-birth-backfill', 'dot-admission-record', 'dot-ledger-append'],
    payloadFiles: ['payloads/species.json', 'payloads/birth_records.json', 'payloads/admission_records.json'],
    rows: [
      speciesRow(payloads.species),
      ...payloads.births.map(birthRow),
      ...payloads.admissions.map(admissionRow),
      ...payloads.admissions.map(({ dot_code }) => entryRow(dot_code)),
    ],
    readback: `species live, ${C1_DOT_CODES.length} births, admissions and handbook entries live`,
    retire: 'dot-entity-retire on each row, dot-ledger-append --retire supersedes each handbook entry',
    blastRadius: 'species, birth, admission, handbook',
    stops: ['the species is owned by another', 'a DOT lacks its ledger entry', 'a frozen birth DOT is used'],
    attack: 'register before birth',
  };
}

function speciesRow(payload: SpeciesRow): StepRow {
  return stepRow({
    type: 'c1:species:Species',
    name: 'species',
    inputs: payload,
    create: `dot-species-register --cloud --step W2 --code ${payload.code}`,
    retire: `dot-entity-retire --cloud --step W2 --surface species --key ${payload.code}`,
    dotPlan: speciesRegister,
    payload,
  });
}

function birthRow(payload: BirthRow): StepRow {
  return stepRow({
    type: 'c1:birth:Birth',
    name: `birth-${slug(payload.dot_code)}`,
    inputs: payload,
    create: `dot-birth-backfill --cloud --step W2 --only ${payload.dot_code}`,
    retire: `dot-entity-retire --cloud --step W2 --surface birth_registry --key ${payload.dot_code}`,
    after: ['species'],
    dotPlan: birthBackfill,
    payload,
  });
}

function admissionRow(payload: AdmissionRow): StepRow {
  return stepRow({
    type: 'c1:admission:Admission',
    name: `admission-${slug(payload.dot_code)}`,
    inputs: payload,
    create: `dot-admission-record --cloud --step W2 --only ${payload.dot_code}`,
    retire: `dot-entity-retire --cloud --step W2 --surface admission_record --key ${payload.dot_code}`,
    after: [`birth-${slug(payload.dot_code)}`],
    dotPlan: admissionRecord,
    payload,
  });
}

function entryRow(code: string): StepRow {
  return stepRow({
    type: 'c1:ledger:AdmissionEntry',
    name: `ledger-${slug(code)}`,
    inputs: { dot_code: code, entry_kind: 'admission', direction: 'apply' },
    create: `dot-ledger-append --cloud --step W2 --only ${code}`,
    retire: `dot-ledger-append --cloud --step W2 --only ${code} --retire`,
    after: [`admission-${slug(code)}`],
    dotPlan: ledgerAppend,
    payload: { dot_code: code },
  });
}
