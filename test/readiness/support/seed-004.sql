-- V1: c1 schema + vocab table exist
SELECT
(SELECT count(*) FROM information_schema.schemata WHERE schema_name='c1') AS schema_c1, -- expect 1
(SELECT count(*) FROM information_schema.tables WHERE table_schema='c1'
AND table_name='governance_canonical_operation_vocab') AS vocab_tbl; -- expect 1
-- V2: composite PK + write-once enforcement present
SELECT conname, contype FROM pg_constraint
WHERE conrelid = 'c1.governance_canonical_operation_vocab'::regclass AND contype='p'; -- expect PK on (operation_code, protocol_version)
-- V3: table_registry row registered
SELECT count(*) FROM public.table_registry WHERE table_name='governance_canonical_operation_vocab'; -- expect >=1
-- V4: DOT_C1_* in dot_tools (was 309/0)
SELECT code, name, category, coverage_status FROM public.dot_tools
WHERE code IN ('DOT_C1_VOCAB_BUILD','DOT_C1_VOCAB_VERIFY'); -- expect 2 rows
-- V5: DOT_C1_* contracts bound (was 2 rows, KG only)
SELECT dot_code, role, mode, output_namespace, no_mutation_assertion, endpoint_ref, contract_status
FROM public.dot_agent_api_contract WHERE dot_code LIKE 'DOT_C1_%'; -- expect BUILD endpoint_bound, VERIFY contract_ready
-- V6: CAT-006 catalog entry
SELECT count(*) FROM public.meta_catalog WHERE code='CAT-006'; -- catalog present/updated
-- V7: grant + ownership exist, scoped + single-use
SELECT count(*) FROM public.governance_build_authorization
WHERE status='active' AND single_use=true; -- expect 1 (C1-scoped)
