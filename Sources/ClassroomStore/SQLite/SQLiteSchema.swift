import GRDB

/// The tables, by version. A released version is never edited: a change is a new version.
///
/// Rows are also written and deleted by hand and by other programs, therefore every column that a hand-written INSERT may leave out has a
/// default, and triggers delete the dependent rows of a session: SQLite's command line and most drivers do not enforce foreign keys. No
/// foreign key leads to users or quizzes: guests need no row, and deleting a user or a quiz must not be held up by what they once did.
enum SQLiteSchema {
    /// Milliseconds since 1970.
    private static let now = "(cast((julianday('now') - 2440587.5) * 86400000 as integer))"

    static let versions = [version1, version2, version3, version4, version5, version6]

    /// The tables of the newest version.
    static let tables = [
        "users", "tokens", "quizzes", "quiz_sessions", "quiz_participants", "quiz_answers", "chat_messages", "played_quizzes",
        "quiz_sizes", "write_probe",
    ]

    /// Brings the database to the newest version, in one transaction, so that two processes may do it at the same time.
    static func migrate(_ db: Database) throws {
        try db.inTransaction(.immediate) {
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard version <= versions.count else { throw NewerSchema(version: version) }
            for (index, sql) in versions.enumerated().dropFirst(version) {
                try db.execute(sql: sql)
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
            return .commit
        }
    }

    /// The database was made by a newer version of this program.
    struct NewerSchema: Error {
        let version: Int
    }

    /// What a quiz takes in memory, as its writer knows it: whether there is room for it is decided before it is read. Null: not known.
    private static let version6 = "alter table quiz_sizes add column memory_bytes integer;"

    /// How many questions a quiz has: a list of quizzes does not read their texts. For the same reason its index has all other columns of the
    /// list. The server stores the count with the text; behind any other writer the text is counted when the quiz is listed.
    private static let version5 = """
        create table quiz_sizes (
            quiz_id text not null primary key,
            question_count integer not null
        ) without rowid;
        insert into quiz_sizes select q.id, \(questionCount(of: "q.questions")) from quizzes q;
        create trigger quizzes_inserted after insert on quizzes begin
            delete from quiz_sizes where quiz_id = new.id;
        end;
        create trigger quizzes_rewritten after update of id, questions on quizzes begin
            delete from quiz_sizes where quiz_id in (old.id, new.id);
        end;
        create trigger quizzes_removed after delete on quizzes begin
            delete from quiz_sizes where quiz_id = old.id;
        end;
        drop index quizzes_owner;
        create index quizzes_owner on quizzes (coalesce(created_by, ''), title, id, created_by);
        """

    /// Elements that are no objects are not questions, see `QuestionsText.questions`.
    static func questionCount(of text: String) -> String {
        """
        (select count(*) from json_each(case when not json_valid(\(text)) then '[]' when json_type(\(text)) = 'array' then \(text) else '[]' end)
            where type = 'object')
        """
    }

    /// The lease of a session: owner, end and epoch.
    private static let version4 = """
        alter table quiz_sessions add column lease_owner text;
        alter table quiz_sessions add column lease_expires_at integer;
        alter table quiz_sessions add column epoch integer default 0;
        """

    /// Indexes for queries that must be quick (live sessions, sessions of one owner or quiz, expired rows), and a row for test writes.
    private static let version2 = """
        create index if not exists quiz_sessions_live on quiz_sessions (created_at desc, id) where status is not 'ended';
        create index if not exists quiz_sessions_quiz on quiz_sessions (quiz_id, status);
        create index if not exists quiz_sessions_owner on quiz_sessions (coalesce(created_by, ''), created_at desc, id);
        create index if not exists quizzes_owner on quizzes (coalesce(created_by, ''), title, id);
        create index if not exists tokens_expiry on tokens (expires_at) where expires_at is not null;
        create index if not exists users_guests on users (id) where role = 'guest';
        create table if not exists write_probe (
            id integer primary key check (id = 1),
            filler blob
        );
        """

    /// Each session's copy of its quiz. If a session has no copy yet, triggers make one before any program changes or deletes the quiz,
    /// unless another owner's quiz has taken the id. `session_created_at` distinguishes sessions of the same id.
    private static let version3 = """
        alter table quiz_sessions add column locked integer default 0;
        alter table quiz_participants add column device text;
        create index chat_messages_client on chat_messages (room_id, user_id, client_id) where client_id is not null;

        create table played_quizzes (
            session_id text not null primary key references quiz_sessions (id) on delete cascade on update cascade,
            session_created_at integer,
            title text default '',
            questions text default '[]',
            created_by text default ''
        );
        insert into played_quizzes
            select s.id, s.created_at, q.title, q.questions, q.created_by from quiz_sessions s join quizzes q on q.id = s.quiz_id
            where s.status <> 'waiting' and \(isOwn(owner: "q.created_by"));

        \(copyTrigger("quizzes_updated", before: "update"))
        \(copyTrigger("quizzes_deleted", before: "delete"))
        drop trigger quiz_sessions_deleted;
        create trigger quiz_sessions_deleted after delete on quiz_sessions begin
            delete from quiz_answers where session_id = old.id;
            delete from quiz_participants where session_id = old.id;
            delete from played_quizzes where session_id = old.id;
        end;
        """

    /// `SessionRecord.mayPlay`, for the session `s`.
    static func isOwn(owner: String) -> String {
        "(coalesce(s.created_by, '') = '' or coalesce(\(owner), '') in ('', 'system', s.created_by))"
    }

    private static func copyTrigger(_ name: String, before change: String) -> String {
        """
        create trigger \(name) before \(change) on quizzes begin
            insert into played_quizzes
                select s.id, s.created_at, old.title, old.questions, old.created_by from quiz_sessions s
                where s.quiz_id = old.id and s.status <> 'waiting' and \(isOwn(owner: "old.created_by")) and not exists (
                    select 1 from played_quizzes p where p.session_id = s.id and p.session_created_at is s.created_at)
                on conflict (session_id) do update set session_created_at = excluded.session_created_at, title = excluded.title,
                    questions = excluded.questions, created_by = excluded.created_by;
        end;
        """
    }

    private static let version1 = """
        create table if not exists users (
            id text not null primary key,
            username text,
            email text,
            role text default 'student',
            permissions text
        );
        create index if not exists users_username on users (username);

        create table if not exists tokens (
            hash text not null primary key,
            user_id text not null,
            expires_at integer,
            created_at integer default \(now)
        ) without rowid;
        create index if not exists tokens_user on tokens (user_id);

        create table if not exists quizzes (
            id text not null primary key,
            title text default '',
            questions text default '[]',
            created_by text default ''
        );

        create table if not exists quiz_sessions (
            id text not null primary key,
            quiz_id text,
            status text default 'waiting',
            join_code text,
            created_by text default '',
            settings text,
            phase text,
            question_index integer default -1,
            question_opened_at integer,
            question_deadline integer,
            created_at integer default \(now),
            started_at integer,
            ended_at integer,
            version integer default 0
        );
        create unique index if not exists quiz_sessions_join_code on quiz_sessions (join_code)
            where join_code is not null and status <> 'ended';

        create table if not exists quiz_participants (
            session_id text not null references quiz_sessions (id) on delete cascade on update cascade,
            user_id text not null,
            username text default '',
            joined_at integer default \(now),
            kicked integer default 0,
            has_left integer default 0,
            question_sent_at integer,
            primary key (session_id, user_id)
        ) without rowid;

        create table if not exists quiz_answers (
            session_id text not null references quiz_sessions (id) on delete cascade on update cascade,
            question_id text not null,
            user_id text not null,
            answer text,
            correct integer default 0,
            score integer default 0,
            time_bonus integer default 0,
            elapsed_ms integer default 0,
            time_spent real,
            answered_at integer default \(now),
            primary key (session_id, question_id, user_id)
        ) without rowid;

        create table if not exists chat_messages (
            room_id text not null,
            sequence integer not null,
            id text not null,
            user_id text default '',
            username text default '',
            content text default '',
            type text default 'text',
            sent_at integer default \(now),
            client_id text,
            primary key (room_id, sequence)
        ) without rowid;

        create trigger if not exists quiz_sessions_deleted after delete on quiz_sessions begin
            delete from quiz_answers where session_id = old.id;
            delete from quiz_participants where session_id = old.id;
        end;
        """
}
