-- H4: binds the handler of authorize_build_step, so that an approved request of that kind can mint the one grant of C1.
-- Applied by dot-migration-apply, never by psql: the call is parsed, planned, made by the gateway and read back.
-- Retired by the same DOT with --retire, which calls iu_core.unbind_handler.
select iu_core.bind_handler('authorize_build_step', 'dot-apr-execute:authorize_build_step');
