/// The tables, by version. A released version is never edited: a change is a new version.
///
/// They are those of ``SQLiteSchema``, in PostgreSQL's types. Rows are also written and deleted by hand and by other programs, therefore every
/// column that a hand-written INSERT may leave out has a default. No foreign key leads to users or quizzes: guests need no row, and deleting a
/// user or a quiz must not be held up by what they once did.
enum PostgresSchema {
    /// Milliseconds since 1970, by the clock of the database server.
    static let now = "((extract(epoch from clock_timestamp()) * 1000)::bigint)"

    static let versions = [version1, version2, version3]

    /// The tables of the newest version.
    static let tables = [
        "users", "tokens", "quizzes", "quiz_sessions", "quiz_participants", "quiz_answers", "chat_messages", "chat_rooms", "played_quizzes",
        "write_probe", "dunlin_schema",
    ]

    /// The database was made by a newer version of this program.
    struct NewerSchema: Error {
        let version: Int
    }

    /// The number of the advisory lock under which tables are changed: `dunlin` in ASCII.
    private static let lock = 0x6475_6E6C_696E

    /// Brings the database to the newest version, in one transaction. Servers that start at the same time do it one after the other.
    static func migrate(_ connection: PostgresConnection, deadline: ContinuousClock.Instant) throws {
        // Most starts change nothing, and the user may lack the right to.
        if try version(connection, deadline: deadline) == versions.count { return }
        try connection.script("begin; set local lock_timeout = 0; select pg_advisory_xact_lock(\(lock))", deadline: deadline)
        do {
            try connection.script("create table if not exists dunlin_schema (version integer not null)", deadline: deadline)
            let version = try version(connection, deadline: deadline)
            for (index, sql) in versions.enumerated().dropFirst(version) {
                try connection.script(sql, deadline: deadline)
                try connection.script(
                    "delete from dunlin_schema; insert into dunlin_schema (version) values (\(index + 1))", deadline: deadline)
            }
            try connection.script("commit", deadline: deadline)
        } catch {
            try? connection.script("rollback", deadline: deadline)
            throw error
        }
    }

    /// 0 if there are no tables yet.
    private static func version(_ connection: PostgresConnection, deadline: ContinuousClock.Instant) throws -> Int {
        let exists = try connection.run(PostgresQuery("select to_regclass('dunlin_schema') is not null as exists"), deadline: deadline)
        guard exists.firstRow?.flag("exists") == true else { return 0 }
        let row = try connection.run(PostgresQuery("select max(version) as version from dunlin_schema"), deadline: deadline).firstRow
        let version = row?.int("version") ?? 0
        guard version <= versions.count else { throw NewerSchema(version: version) }
        return version
    }

    /// `SessionRecord.mayPlay`, for the session `s`.
    static func isOwn(owner: String) -> String {
        "(coalesce(s.created_by, '') = '' or coalesce(\(owner), '') in ('', 'system') or \(owner) = s.created_by)"
    }

    /// What a quiz takes in memory, as its writer knows it: whether there is room for it is decided before it is read. Null: not known, since
    /// another program has written the questions last.
    private static let version3 = """
        alter table quizzes add column memory_bytes bigint;
        create function forget_quiz_memory() returns trigger language plpgsql as $$
        begin
            if new.memory_bytes = old.memory_bytes and new.questions::text is distinct from old.questions::text then
                new.memory_bytes := null;
            end if;
            return new;
        end $$;
        create trigger quizzes_rewritten before update of questions on quizzes for each row execute function forget_quiz_memory();
        """

    /// How many questions a quiz has: a list of quizzes does not read their texts.
    private static let version2 = """
        create function question_count(questions json) returns integer language sql immutable return
            case when json_typeof(questions) = 'array' then (
                select count(*)::integer from json_array_elements(questions) e where json_typeof(e) = 'object') else 0 end;
        alter table quizzes add column question_count integer generated always as (question_count(questions)) stored;
        """

    private static let version1 = """
        create table users (
            id text not null primary key,
            username text,
            email text,
            role text default 'student',
            permissions json
        );
        create index users_username on users (username);
        create index users_guests on users (id) where role = 'guest';

        create table tokens (
            hash text not null primary key,
            user_id text not null,
            expires_at bigint,
            created_at bigint default \(now)
        );
        create index tokens_user on tokens (user_id);
        create index tokens_expiry on tokens (expires_at) where expires_at is not null;

        create table quizzes (
            id text not null primary key,
            title text default '',
            questions json default '[]',
            created_by text default ''
        );
        create index quizzes_owner on quizzes (coalesce(created_by, ''), title collate "C", id collate "C");

        create table quiz_sessions (
            id text not null primary key,
            quiz_id text,
            status text default 'waiting',
            join_code text,
            created_by text default '',
            settings text,
            phase text,
            question_index integer default -1,
            question_opened_at bigint,
            question_deadline bigint,
            created_at bigint default \(now),
            started_at bigint,
            ended_at bigint,
            version integer default 0,
            locked boolean default false,
            lease_owner text,
            lease_expires_at bigint,
            epoch integer default 0
        ) with (fillfactor = 70);
        create unique index quiz_sessions_join_code on quiz_sessions (join_code) where join_code is not null and status <> 'ended';
        create index quiz_sessions_live on quiz_sessions (created_at desc, id) where status is distinct from 'ended';
        create index quiz_sessions_quiz on quiz_sessions (quiz_id, status);
        create index quiz_sessions_owner on quiz_sessions (coalesce(created_by, ''), created_at desc, id);

        create table quiz_participants (
            session_id text not null references quiz_sessions (id) on delete cascade on update cascade,
            user_id text not null,
            username text default '',
            joined_at bigint default \(now),
            kicked boolean default false,
            has_left boolean default false,
            question_sent_at bigint,
            device text,
            primary key (session_id, user_id)
        );

        create table quiz_answers (
            session_id text not null references quiz_sessions (id) on delete cascade on update cascade,
            question_id text not null,
            user_id text not null,
            answer text,
            correct boolean default false,
            score integer default 0,
            time_bonus integer default 0,
            elapsed_ms bigint default 0,
            time_spent double precision,
            answered_at bigint default \(now),
            primary key (session_id, question_id, user_id)
        );

        create table chat_messages (
            room_id text not null,
            sequence bigint not null,
            id text not null,
            user_id text default '',
            username text default '',
            content text default '',
            type text default 'text',
            sent_at bigint default \(now),
            client_id text,
            primary key (room_id, sequence)
        );
        create index chat_messages_client on chat_messages (room_id, user_id, client_id) where client_id is not null;
        create table chat_rooms (
            room_id text not null primary key,
            last_sequence bigint not null
        ) with (fillfactor = 50);

        create table played_quizzes (
            session_id text not null primary key references quiz_sessions (id) on delete cascade on update cascade,
            session_created_at bigint,
            title text default '',
            questions json default '[]',
            created_by text default ''
        );
        create function keep_played_quiz() returns trigger language plpgsql as $$
        begin
            insert into played_quizzes (session_id, session_created_at, title, questions, created_by)
                select s.id, s.created_at, old.title, old.questions, old.created_by from quiz_sessions s
                where s.quiz_id = old.id and s.status <> 'waiting' and \(isOwn(owner: "old.created_by")) and not exists (
                    select from played_quizzes p where p.session_id = s.id and p.session_created_at is not distinct from s.created_at)
                on conflict (session_id) do update set session_created_at = excluded.session_created_at, title = excluded.title,
                    questions = excluded.questions, created_by = excluded.created_by;
            if tg_op = 'DELETE' then return old; end if;
            return new;
        end $$;
        create trigger quizzes_changed before update or delete on quizzes for each row execute function keep_played_quiz();

        create table write_probe (
            id integer primary key check (id = 1),
            written_at bigint
        );
        """
}
