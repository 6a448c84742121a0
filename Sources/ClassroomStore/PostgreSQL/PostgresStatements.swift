/// The text of the writing statements. Where a statement begins with `session`, its first three parameters are the session's id, its time of
/// creation and the writer's epoch, and its result has the row's epoch (null: there is no such session) and whether it was written.
enum PostgresStatements {
    private static let session = """
        with session as (
            select id, created_at, coalesce(epoch, 0) as epoch from quiz_sessions
                where id = $1 and ($2::bigint is null or created_at is null or created_at = $2)
        ), current as (
            select * from session where $3::integer is null or epoch <= $3
        )
        """

    static let submitAnswer = """
        \(session), written as (
            insert into quiz_answers
                (session_id, question_id, user_id, answer, correct, score, time_bonus, elapsed_ms, time_spent, answered_at)
                select $1, $4, $5, $6, $7::boolean, $8::integer, $9::integer, $10::bigint, $11::double precision, $12::bigint from current
                on conflict (session_id, question_id, user_id) do nothing
                returning 1
        )
        select (select epoch from session) as epoch, exists (select from written) as written, \(answerColumns)
            from (select 1) one left join quiz_answers a
                on a.session_id = $1 and a.question_id = $4 and a.user_id = $5 and exists (select from current)
        """

    static let answerColumns =
        "a.session_id, a.question_id, a.user_id, a.answer, a.correct, a.score, a.time_bonus, a.elapsed_ms, a.time_spent, a.answered_at"

    static let saveParticipant = """
        \(session), written as (
            insert into quiz_participants (session_id, user_id, username, joined_at, kicked, has_left, question_sent_at, device)
                select $1, $4, $5, $6::bigint, $7::boolean, $8::boolean, $9::bigint, $10 from current
                on conflict (session_id, user_id) do update set username = excluded.username, joined_at = excluded.joined_at,
                    kicked = excluded.kicked, has_left = excluded.has_left, question_sent_at = excluded.question_sent_at,
                    device = excluded.device
                returning 1
        )
        select (select epoch from session) as epoch, exists (select from written) as written
        """

    static let deleteParticipant = """
        \(session), deleted as (
            delete from quiz_participants where session_id = $1 and user_id = $4 and exists (select from current)
        )
        select (select epoch from session) as epoch, exists (select from current) as written
        """

    static let keepQuiz = """
        \(session), written as (
            insert into played_quizzes (session_id, session_created_at, title, questions, created_by)
                select id, created_at, $4, $5::json, $6 from current
                on conflict (session_id) do update set session_created_at = excluded.session_created_at, title = excluded.title,
                    questions = excluded.questions, created_by = excluded.created_by
                returning 1
        )
        select (select epoch from session) as epoch, exists (select from written) as written
        """

    static let updateSession = """
        with session as (
            select id, coalesce(epoch, 0) as epoch from quiz_sessions where id = $1 and (created_at is null or created_at = $2::bigint)
        ), taken as (
            select from quiz_sessions where $4 <> 'ended' and join_code = $5 and status <> 'ended' and id <> $1
        ), written as (
            update quiz_sessions set quiz_id = $3, status = $4, join_code = $5, created_by = $6,
                settings = coalesce($7, settings), phase = $8, question_index = $9::integer, question_opened_at = $10::bigint,
                question_deadline = $11::bigint, started_at = $12::bigint, ended_at = $13::bigint, version = $14::integer, locked = $15::boolean
                where id = $1 and coalesce(epoch, 0) <= $16::integer and exists (select from session) and not exists (select from taken)
                returning 1
        )
        select (select epoch from session) as epoch, exists (select from written) as written,
            exists (select from taken) and exists (select from session) as taken
        """

    static let createSession = """
        with written as (
            insert into quiz_sessions (id, created_at, quiz_id, status, join_code, created_by, settings, phase, question_index,
                question_opened_at, question_deadline, started_at, ended_at, version, locked)
                values ($1, $2::bigint, $3, $4, $5, $6, $7, $8, $9::integer, $10::bigint, $11::bigint, $12::bigint, $13::bigint,
                    $14::integer, $15::boolean)
                on conflict do nothing
                returning 1
        )
        select exists (select from written) as written, exists (select from quiz_sessions where id = $1) as found,
            (select created_at from quiz_sessions where id = $1) as created_at
        """

    static let acquireLease = """
        with session as (
            select id, lease_owner, lease_expires_at, coalesce(epoch, 0) as epoch from quiz_sessions
                where id = $1 and ($2::bigint is null or created_at is null or created_at = $2)
        ), granted as (
            update quiz_sessions set lease_owner = $3::text, lease_expires_at = \(PostgresSchema.now) + $4::bigint,
                epoch = coalesce(epoch, 0) + case when lease_owner is not distinct from $3::text then 0 else 1 end
                where id = $1 and exists (select from session) and ($5::boolean or lease_owner is null or lease_owner = $3::text
                    or coalesce(lease_expires_at, 0) <= \(PostgresSchema.now) or \(isAbandoned(remainder: "$6")))
                returning lease_owner, epoch, lease_expires_at
        )
        select true as granted, lease_owner, epoch, lease_expires_at from granted
        union all
        select false, lease_owner, epoch, lease_expires_at from session where not exists (select from granted)
        """

    /// Whether a lease ends soon and its owner's connection is gone. The case keeps the lock from being tried for each lease.
    ///
    /// - Parameter remainder: the parameter with the milliseconds that may be left of the lease.
    static func isAbandoned(remainder: String) -> String {
        """
        case when lease_expires_at <= \(PostgresSchema.now) + \(remainder)::bigint
            then pg_try_advisory_xact_lock_shared(\(PostgresLock.key(of: .owner, "lease_owner"))) else false end
        """
    }

    /// Shows to other servers that the process of an owner of leases lives: the lock ends with the connection.
    static let showLife = "select pg_advisory_lock(\(PostgresLock.key(of: .owner, "$1::text")))::text"

    static let renewLeases = """
        update quiz_sessions set lease_expires_at = \(PostgresSchema.now) + $3::bigint
            where lease_owner = $1 and id in (select json_array_elements_text($2::json))
            returning id, lease_owner, epoch, lease_expires_at
        """

    static let releaseLeases = """
        update quiz_sessions set lease_expires_at = 0 where lease_owner = $1 and id in (select json_array_elements_text($2::json))
        """

    /// The transaction holds the room's lock, so nobody else takes the next sequence. The sequence continues after rows that were inserted
    /// by hand, and does not reuse those of deleted rows.
    static let appendMessage = """
        with known as (
            select room_id, sequence, id, user_id, username, content, type, sent_at, client_id from chat_messages
                where room_id = $1 and (user_id = $3 and client_id = $8 or $9::boolean and id = $2) order by sequence limit 1
        ), last as (
            select greatest(
                coalesce((select max(sequence) from chat_messages where room_id = $1), 0),
                coalesce((select last_sequence from chat_rooms where room_id = $1), 0)) as sequence
        ), counted as (
            insert into chat_rooms (room_id, last_sequence) select $1, sequence + 1 from last where not exists (select from known)
                on conflict (room_id) do update set last_sequence = excluded.last_sequence
                returning last_sequence
        ), written as (
            insert into chat_messages (room_id, sequence, id, user_id, username, content, type, sent_at, client_id)
                select $1, last_sequence, $2, $3, $4, $5, $6, $7::bigint, $8 from counted
                returning room_id, sequence, id, user_id, username, content, type, sent_at, client_id
        )
        select * from known union all select * from written
        """

    static let saveUser = """
        insert into users (id, username, email, role, permissions) values ($1, $2, $3, $4, $5::json)
            on conflict (id) do update set username = excluded.username, email = excluded.email, role = excluded.role,
                permissions = excluded.permissions
        """

    /// ``UserChange/applied(to:)``. Parameters: id, name, email, role, permissions, the permissions of the role.
    static let changeUser = """
        insert into users (id, username, email, role, permissions)
            values ($1, coalesce($2, $1), $3, coalesce($4, 'student'), coalesce($5, $6)::json)
            on conflict (id) do update set username = coalesce($2, users.username), email = coalesce($3, users.email),
                role = coalesce($4, users.role),
                permissions = case when $5::text is not null then $5::json when $4::text is null then users.permissions else $6::json end
        """

    static let saveToken = """
        insert into tokens (hash, user_id, expires_at, created_at) values ($1, $2, $3::bigint, $4::bigint)
            on conflict (hash) do update set user_id = excluded.user_id, expires_at = excluded.expires_at, created_at = excluded.created_at
        """

    static let deleteExpiredTokens = """
        delete from tokens where hash in (select hash from tokens where expires_at <= $1::bigint limit $2::bigint)
        """

    static let deleteGuests = """
        delete from users where id in (
            select id from users where role = 'guest' and not exists (select from tokens where user_id = users.id) limit $1::bigint)
        """

    static let createQuiz = """
        with written as (
            insert into quizzes (id, title, questions, created_by, memory_bytes) values ($1, $2, $3::json, $4, $5::bigint)
                on conflict (id) do nothing returning 1
        )
        select exists (select from written) as written, exists (
            select from quizzes where id = $1 and title = $2 and questions::text = $3::json::text and created_by = $4) as same
        """

    static let saveQuiz = """
        insert into quizzes (id, title, questions, created_by, memory_bytes) values ($1, $2, $3::json, $4, $5::bigint)
            on conflict (id) do update set title = excluded.title, questions = excluded.questions, created_by = excluded.created_by,
                memory_bytes = excluded.memory_bytes
        """

    static let replaceQuiz = """
        update quizzes set title = $2, questions = $3::json, memory_bytes = $5::bigint where id = $1 and coalesce(created_by, '') = $4
        """

    static let probe = """
        insert into write_probe (id, written_at) values (1, \(PostgresSchema.now))
            on conflict (id) do update set written_at = excluded.written_at
        """
}
