"""Triggers in the database that make a sound server wrong behind its back. They show on real processes that the checkers can fail."""

# Commits are confirmed before they are written to disk. A killed PostgreSQL then forgets acknowledged answers.
_EARLY = """
create function do_not_sync() returns trigger language plpgsql as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    return new;
end $$;
create trigger answers_unsynced before insert on quiz_answers for each row execute function do_not_sync();
create trigger chat_unsynced before insert on chat_messages for each row execute function do_not_sync();
create trigger sessions_unsynced before update on quiz_sessions for each row execute function do_not_sync();
create trigger probes_unsynced before insert on write_probe for each row execute function do_not_sync();
"""

# An answer that is sent again is counted again.
_TWICE = """
create function count_again() returns trigger language plpgsql as $$
begin
    update quiz_answers set score = score + new.score
        where session_id = new.session_id and question_id = new.question_id and user_id = new.user_id;
    return new;
end $$;
create trigger answers_counted before insert on quiz_answers for each row execute function count_again();
"""

# A server that takes a session over does not raise its epoch, so that the writes of the former owner are still accepted.
_OWNERS = """
create function keep_epoch() returns trigger language plpgsql as $$
begin
    new.epoch := case when old.epoch = 0 then new.epoch else old.epoch end;
    return new;
end $$;
create trigger sessions_same_epoch before update on quiz_sessions for each row execute function keep_epoch();
"""

BY_NAME = {
    # Otherwise the log is written to disk every 200 ms all the same.
    "early": ["alter system set wal_writer_delay = '10s'", "select pg_reload_conf()", _EARLY],
    "twice": [_TWICE],
    "owners": [_OWNERS],
}


def statements(name):
    return BY_NAME[name] if name else []
