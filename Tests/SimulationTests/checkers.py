"""Judges a history. Each function compares the clients' view with the stored rows, and returns the violations as sentences."""

from collections import defaultdict

from history import FAIL, OK


def _grouped(entries, key):
    groups = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return groups


def check_answers(attempts, rows, questions):
    """Every acknowledged answer is stored exactly once, every refused one is not, one of unknown end is or is not. Whoever asks again is
    told the same. `questions` are the ids in the order in which a session plays them."""
    violations = []
    stored = _grouped(rows, lambda row: (row.session, row.question, row.user))
    tries = _grouped(attempts, lambda attempt: (attempt.session, attempt.question, attempt.user))
    for key in stored.keys() - tries.keys():
        violations.append(f"{key} is stored, and nobody sent it")
    for key, own in tries.items():
        found = stored.get(key, [])
        acknowledged = [attempt for attempt in own if attempt.outcome == OK]
        violations += _check_stored(key, own, found)
        if sum(not attempt.is_duplicate for attempt in acknowledged) > 1:
            violations.append(f"{key} was acknowledged as new more than once")
        results = {(a.correct, a.score, a.bonus, a.total) for a in acknowledged}
        if len(results) > 1:
            violations.append(f"{key} was acknowledged in different ways: {sorted(results)}")
        for row in found[:1]:
            earlier = questions[: questions.index(row.question) + 1]
            total = sum(other.points for question in earlier for other in stored.get((row.session, question, row.user), [])[:1])
            violations += _compare(key, row, total, own, acknowledged)
    return violations


def _check_stored(name, own, found):
    """What holds of every attempt to store something: `own` are the attempts, `found` the rows."""
    violations = []
    if len(found) > 1:
        violations.append(f"{name} is stored {len(found)} times")
    if not found and any(attempt.outcome == OK for attempt in own):
        violations.append(f"{name} was acknowledged and is lost")
    if found and all(attempt.outcome == FAIL for attempt in own):
        violations.append(f"{name} was refused and is stored")
    return violations


def _compare(key, row, total, own, acknowledged):
    """Compares acknowledgements with the stored row; `total`: the user's stored points up to this answer."""
    violations = []
    if row.choice not in {attempt.choice for attempt in own if attempt.outcome != FAIL}:
        violations.append(f"{key} is stored as {row.choice}, which nobody sent")
    for attempt in acknowledged:
        if (attempt.correct, attempt.score, attempt.bonus) != (row.correct, row.score, row.bonus):
            violations.append(f"{key} was acknowledged with other points than are stored")
        if not attempt.is_duplicate and attempt.choice != row.choice:
            violations.append(f"{key} was acknowledged as {attempt.choice} and is stored as {row.choice}")
        if attempt.total != total:
            violations.append(f"{key} was acknowledged with the total {attempt.total}; the stored answers make {total}")
    return violations


def check_silence(attempts, outages):
    """While the database was gone, no answer was acknowledged as new."""
    return [
        f"({a.session}, {a.question}, {a.user}) was acknowledged while the database was gone"
        for a in attempts
        for began, ended in outages
        if a.outcome == OK and not a.is_duplicate and began < a.began and a.ended < ended
    ]


def check_chat(said, heard, messages):
    """Each room has one order without gaps. A sender's messages stand in it as they were sent, and every client heard a part of it without
    gaps."""
    violations = []
    orders = {}
    for room, stored in _grouped(messages, lambda message: message.room).items():
        stored.sort(key=lambda message: message.sequence)
        orders[room] = {message.sequence: message for message in stored}
        if [message.sequence for message in stored] != list(range(1, len(stored) + 1)):
            violations.append(f"the sequence of {room} has gaps or repetitions")
    violations += _check_said(said, messages)
    for (listener, connection, room), log in _grouped(heard, lambda entry: (entry.listener, entry.connection, entry.room)).items():
        violations += [f"{listener}, connection {connection}, {room}: {fault}" for fault in _faults_of_log(log, orders.get(room, {}))]
    return violations


def _check_said(said, messages):
    violations = []
    stored = _grouped(messages, lambda message: (message.room, message.user, message.client_id))
    tries = _grouped(said, lambda entry: (entry.room, entry.user, entry.client_id))
    for key in stored.keys() - tries.keys():
        violations.append(f"the message {key} is stored, and nobody sent it")
    last = {}
    for key, own in tries.items():
        found = stored.get(key, [])
        acknowledged = [entry for entry in own if entry.outcome == OK]
        violations += _check_stored(f"the message {key}", own, found)
        for message in found[:1]:
            if message.text != own[0].text:
                violations.append(f"the message {key} is stored with another text")
            if {entry.sequence for entry in acknowledged} - {message.sequence}:
                violations.append(f"the message {key} was acknowledged with another sequence than it has")
            # Only acknowledged messages have an order: one of unknown end may be stored at any later time.
            if acknowledged:
                if message.sequence < last.get(key[:2], 0):
                    violations.append(f"the message {key} stands before an earlier one of its sender")
                last[key[:2]] = message.sequence
    return violations


def _faults_of_log(log, order):
    """`order`: the room's messages by sequence."""
    faults = []
    history = [entry.sequence for entry in log if entry.way == "history"]
    live = [entry.sequence for entry in log if entry.way == "live"]
    for name, sequences in (("history", history), ("live", live)):
        for before, after in zip(sequences, sequences[1:]):
            if after != before + 1:
                faults.append(f"the {name} messages are not gap-free and in order: {after} follows {before}")
    # A message that was sent while the client joined may be in both.
    if live and live[0] > (history[-1] if history else 0) + 1:
        faults.append(f"messages {(history[-1] if history else 0) + 1} to {live[0] - 1} are missing behind the history")
    for entry in log:
        message = order.get(entry.sequence)
        if message is None or (message.user, message.text) != (entry.user, entry.text):
            faults.append(f"message {entry.sequence} was heard and is not the one that is stored")
    return faults


def check_boards(boards, rows, players):
    """Each board is a fold over stored answers. A version has one board, and a later version takes no points away. Nobody is shown an earlier
    version after a later one, and the last board counts every stored answer. `players`: the users of each session."""
    violations = []
    answers = _grouped(rows, lambda row: (row.session, row.user))
    for own in answers.values():
        own.sort(key=lambda row: row.answered_at)
    for (listener, connection, session), seen in _grouped(boards, lambda b: (b.listener, b.connection, b.session)).items():
        versions = [board.version for board in seen]
        if versions != sorted(versions):
            violations.append(f"{listener}, connection {connection}: the versions of {session} went back: {versions[-20:]}")
    for session, seen in _grouped(boards, lambda board: board.session).items():
        folds = {user: _folds(answers.get((session, user), [])) for user in players[session]}
        by_version = {}
        for board in seen:
            if by_version.setdefault(board.version, board).rows != board.rows:
                violations.append(f"there are two boards of {session} with the version {board.version}")
        ordered = [by_version[version] for version in sorted(by_version)]
        for board in ordered:
            violations += [f"{session}, version {board.version}: {fault}" for fault in _faults_of_board(board, folds)]
        for before, after in zip(ordered, ordered[1:]):
            later = {user: score for user, score, _ in after.rows}
            if any(later.get(user, score) < score for user, score, _ in before.rows):
                violations.append(f"{session}: version {after.version} takes points away from version {before.version}")
        final = [board for board in ordered if board.is_final]
        for board in final[-1:]:
            truth = sorted((fold[-1] for fold in folds.values()), reverse=True)[: len(board.rows)]
            if sorted(((score, correct) for _, score, correct in board.rows), reverse=True) != truth:
                violations.append(f"{session}: the final board is not the fold over all stored answers")
    return violations


def _folds(own):
    """(score, correct answers) after each of the user's answers, and before the first."""
    folds = [(0, 0)]
    for row in own:
        score, correct = folds[-1]
        folds.append((score + row.points, correct + row.correct))
    return folds


def _faults_of_board(board, folds):
    faults = [
        f"{user} has {score} points for {correct} answers, which is no fold over stored answers"
        for user, score, correct in board.rows
        if (score, correct) not in folds.get(user, ())
    ]
    scores = [score for _, score, _ in board.rows]
    if scores != sorted(scores, reverse=True):
        faults.append("the rows are not in the order of their points")
    return faults


def check_owners(writes, opened):
    """An epoch of a session has one owner, epochs only rise, and every client was told the same deadline of a question: one clock runs."""
    violations = []
    for session, own in _grouped(writes, lambda write: write.session).items():
        epochs = [write.epoch for write in own]
        if epochs != sorted(epochs):
            violations.append(f"the epochs of {session} went back: {epochs}")
        for epoch, of_epoch in _grouped(own, lambda write: write.epoch).items():
            writers = sorted({write.writer for write in of_epoch})
            if len(writers) > 1:
                violations.append(f"{session} has {len(writers)} owners in epoch {epoch}: {', '.join(writers)}")
    for (session, question), told in _grouped(opened, lambda entry: (entry.session, entry.question)).items():
        deadlines = sorted({entry.deadline for entry in told})
        if len(deadlines) > 1:
            violations.append(f"question {question} of {session} has {len(deadlines)} deadlines: {deadlines}")
    return violations


def check(history, questions, players):
    """All violations of a history."""
    return [
        *check_answers(history.attempts, history.rows, questions),
        *check_silence(history.attempts, history.outages),
        *check_chat(history.said, history.heard, history.messages),
        *check_boards(history.boards, history.rows, players),
        *check_owners(history.writes, history.opened),
    ]
