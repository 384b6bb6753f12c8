import * as z from 'zod/mini';
import { parsePayload } from '../../domain/payloads.ts';
import { runReadBin } from '../kernel/main.ts';

const request = z.strictObject({
  species: z.optional(z.string().check(z.regex(/^[a-z][a-z0-9-]*$/), z.maxLength(63))),
});

/** A species with what was born into it: the readback of W2 (seed 000). */
const MAP = `select s.code, s.owner, s.status,
  (select coalesce(jsonb_agg(b.dot_code order by b.dot_code), '[]') from public.birth_registry b
    where b.species_code = s.code and b.status = 'born') as born
  from public.species s where $1::text is null or s.code = $1 order by s.code`;

runReadBin({
  dot: 'DOT_SPECIES_MAP',
  summary: 'Lists species with their owner, their status and the DOTs that live in them. Reads only.',
  examples: ['--cloud', '--cloud --species gov-canonical-op-vocab'],
  flags: (command) => command.option('--species <code>', 'this species only'),
  ask: ({ species }) => parsePayload(request, { species }, 'request'),
  read: async (client, { species }) => {
    const { rows } = await client.query(MAP, [species ?? null]);
    return { species: rows };
  },
});
