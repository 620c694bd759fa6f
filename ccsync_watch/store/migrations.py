"""The steps from an empty database to today's tables; `schema.migrate` applies them."""

from __future__ import annotations

NEW_PARTS = """CREATE TABLE IF NOT EXISTS new_parts (
        message_seq INTEGER NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        tool_use_id TEXT,
        tool_name TEXT,
        content NOT NULL,
        styles TEXT,
        PRIMARY KEY (message_seq, position)
    )"""
COPY_PARTS = (
    "INSERT INTO new_parts SELECT message_seq, position, kind, tool_use_id, tool_name,"
    " coalesce(packed(CAST(content AS BLOB)), content), styles FROM parts"
    " WHERE message_seq > coalesce((SELECT max(message_seq) FROM new_parts), -1)"
)

# One entry per version, each applied once, in order, in a transaction of its own. An entry that
# was ever released is never edited: a change is a new entry.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

    -- One row per transcript file; everything before `offset` is in the tables below.
    CREATE TABLE transcripts (
        id INTEGER PRIMARY KEY,
        path_key BLOB NOT NULL UNIQUE,
        stream TEXT NOT NULL,
        session_id TEXT NOT NULL,
        agent_id TEXT,
        shown_path TEXT NOT NULL,
        offset INTEGER NOT NULL,
        device INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        head BLOB NOT NULL,
        marker BLOB NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        lines INTEGER NOT NULL DEFAULT 0,
        last_ms INTEGER,
        restarts INTEGER NOT NULL DEFAULT 0,
        problem TEXT,
        missing_since_ms INTEGER
    );
    CREATE INDEX transcripts_stream ON transcripts (stream);
    CREATE INDEX transcripts_session ON transcripts (session_id);

    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        project_path TEXT,
        cwd TEXT,
        git_branch TEXT,
        host TEXT,
        client_version TEXT,
        entrypoint TEXT,
        model TEXT,
        forked_from TEXT,
        first_prompt TEXT,
        started_ms INTEGER,
        updated_ms INTEGER,
        is_excluded INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX sessions_updated ON sessions (updated_ms);

    -- What the last row of its kind decides: titles, cost state, leaf of the live chain.
    CREATE TABLE session_facts (
        session_id TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (session_id, name)
    ) WITHOUT ROWID;

    -- `seq` is the order of ingestion, which within a transcript is the order of the file;
    -- `dated_ms` is the timestamp, moved to that of the row before where it goes back a little.
    CREATE TABLE messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        session_id TEXT NOT NULL,
        agent_id TEXT,
        uuid TEXT NOT NULL,
        parent_uuid TEXT,
        transcript_id INTEGER NOT NULL,
        start INTEGER NOT NULL,
        role TEXT NOT NULL,
        kind TEXT NOT NULL,
        timestamp_ms INTEGER,
        dated_ms INTEGER,
        model TEXT,
        usage_id TEXT,
        is_inherited INTEGER NOT NULL,
        facts TEXT NOT NULL,
        digest BLOB NOT NULL
    );
    CREATE INDEX messages_session ON messages (session_id, seq);

    CREATE TABLE parts (
        message_seq INTEGER NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        tool_use_id TEXT,
        tool_name TEXT,
        content TEXT NOT NULL,
        PRIMARY KEY (message_seq, position)
    ) WITHOUT ROWID;
    CREATE INDEX parts_call ON parts (tool_use_id) WHERE kind = 'tool-call';

    -- One row per response of the API, whatever number of rows and files report it.
    CREATE TABLE usage (
        id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        agent_id TEXT,
        model TEXT,
        timestamp_ms INTEGER,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cache_write_5m_tokens INTEGER NOT NULL,
        cache_write_1h_tokens INTEGER NOT NULL,
        cache_read_tokens INTEGER NOT NULL,
        web_searches INTEGER NOT NULL,
        tier TEXT,
        is_marked INTEGER NOT NULL,
        carrier TEXT
    ) WITHOUT ROWID;
    CREATE INDEX usage_session ON usage (session_id);

    CREATE TABLE subagents (
        agent_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        agent_type TEXT,
        description TEXT,
        tool_use_id TEXT,
        parent_agent_id TEXT,
        depth INTEGER,
        model TEXT,
        is_finished INTEGER,
        PRIMARY KEY (session_id, agent_id)
    ) WITHOUT ROWID;

    CREATE TABLE signals (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        session_id TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX signals_session ON signals (session_id);

    CREATE TABLE unreadable (
        transcript_id INTEGER NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (transcript_id, start)
    ) WITHOUT ROWID;

    CREATE TABLE line_types (
        name TEXT PRIMARY KEY,
        lines INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- A message that the backend has not acknowledged. `is_certain` = it was certainly never
    -- stored there; `version` counts changes of its content;
    -- `is_released` = it may be sent (auto_sync, or a sync-now asked for it).
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL,
        version INTEGER NOT NULL DEFAULT 0,
        is_certain INTEGER NOT NULL,
        is_released INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0,
        rejected TEXT
    );
    CREATE INDEX outbox_session ON outbox (session_id, seq) WHERE rejected IS NULL;
    CREATE INDEX outbox_rejected ON outbox (session_id) WHERE rejected IS NOT NULL;

    -- What the backend knows of a session. `is_due` = there may be something to send, `is_held` =
    -- there may be more once it is released; `version` counts the commits that made it due.
    -- `not_before_ms` merely coalesces; before `blocked_ms` a send would do harm.
    CREATE TABLE remote (
        session_id TEXT PRIMARY KEY,
        version INTEGER NOT NULL DEFAULT 0,
        is_due INTEGER NOT NULL,
        is_held INTEGER NOT NULL,
        is_foreign INTEGER NOT NULL DEFAULT 0,
        newest_ms INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0,
        blocked_ms INTEGER NOT NULL DEFAULT 0,
        applied TEXT,
        sent TEXT,
        upsert_ms INTEGER,
        write_ms INTEGER,
        dated_ms INTEGER,
        ack_ms INTEGER,
        error TEXT
    ) WITHOUT ROWID;
    CREATE INDEX remote_due ON remote (newest_ms) WHERE is_due;

    CREATE TABLE ledger (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        host TEXT NOT NULL,
        session_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        rows INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    );
    CREATE INDEX ledger_session ON ledger (session_id);
    """,
    """
    -- `removed` counts the placeholders in what left, by kind; `is_acked` = the backend has it.
    ALTER TABLE ledger ADD COLUMN removed TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE ledger ADD COLUMN is_acked INTEGER NOT NULL DEFAULT 1;
    """,
    """
    -- Nothing but metadata of this session is kept.
    ALTER TABLE sessions ADD COLUMN is_metadata_only INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Where a line of a transcript told a secret that must be known from then on. The values
    -- themselves are nowhere in the store: a new start learns them from the transcript again.
    CREATE TABLE lessons (
        path_key BLOB NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        PRIMARY KEY (path_key, start)
    ) WITHOUT ROWID;
    """,
    """
    -- Every row that reports a response: `owner` is the session whose request it says it was.
    -- The table `usage` is made of these, whatever their order.
    CREATE TABLE usage_rows (
        usage_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        uuid TEXT NOT NULL,
        start INTEGER NOT NULL,
        owner TEXT NOT NULL,
        is_marked INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        PRIMARY KEY (usage_id, session_id, agent_id, uuid)
    ) WITHOUT ROWID;
    CREATE INDEX usage_rows_session ON usage_rows (session_id);
    INSERT OR IGNORE INTO usage_rows
        SELECT u.id, m.session_id, coalesce(m.agent_id, ''), m.uuid, m.start, u.session_id,
            u.is_marked, u.input_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens
            + u.cache_read_tokens, u.output_tokens
        FROM messages m JOIN usage u ON u.id = m.usage_id;

    ALTER TABLE usage ADD COLUMN is_final INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage ADD COLUMN is_fast INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage ADD COLUMN is_us_only INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage ADD COLUMN cost_usd REAL;

    -- A response that several sessions claim: what is learnt of them may decide anew whose it is.
    -- `is_guess` = nothing but when each ended tells the original from its copies.
    CREATE TABLE contested (
        session_id TEXT NOT NULL,
        usage_id TEXT NOT NULL,
        is_guess INTEGER NOT NULL,
        PRIMARY KEY (session_id, usage_id)
    ) WITHOUT ROWID;
    CREATE INDEX contested_usage ON contested (usage_id);

    -- The nearest session that rows were copied from: the one of the latest copied row.
    ALTER TABLE sessions ADD COLUMN forked_ms INTEGER;
    ALTER TABLE sessions ADD COLUMN is_branch INTEGER NOT NULL DEFAULT 0;

    -- The client's own running totals, each time it wrote them; `start` is where in the file.
    CREATE TABLE cost_states (
        session_id TEXT NOT NULL,
        value TEXT NOT NULL,
        start INTEGER NOT NULL,
        PRIMARY KEY (session_id, value)
    ) WITHOUT ROWID;
    INSERT INTO cost_states SELECT session_id, value, 9007199254740992 FROM session_facts
        WHERE name = 'cost_state';

    -- Sums for `status`, kept by triggers so that nothing can forget them: they always equal a
    -- count over the tables. Our own header is no message.
    CREATE TABLE session_counts (
        session_id TEXT PRIMARY KEY,
        messages INTEGER NOT NULL DEFAULT 0,
        prompts INTEGER NOT NULL DEFAULT 0,
        pending INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    INSERT INTO session_counts (session_id, messages, prompts)
        SELECT session_id, sum(kind <> 'session'), sum(kind = 'prompt' AND NOT is_inherited)
        FROM messages GROUP BY session_id;
    INSERT INTO session_counts (session_id, pending, held, rejected)
        SELECT session_id, sum(rejected IS NULL), sum(rejected IS NULL AND NOT is_released),
            sum(rejected IS NOT NULL) FROM outbox WHERE true GROUP BY session_id
        ON CONFLICT DO UPDATE SET pending = excluded.pending, held = excluded.held,
            rejected = excluded.rejected;

    CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
        INSERT INTO session_counts (session_id, messages, prompts) VALUES (new.session_id,
            new.kind <> 'session', new.kind = 'prompt' AND NOT new.is_inherited)
        ON CONFLICT DO UPDATE SET messages = messages + excluded.messages,
            prompts = prompts + excluded.prompts;
    END;
    CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
        UPDATE session_counts SET messages = messages - (old.kind <> 'session'),
            prompts = prompts - (old.kind = 'prompt' AND NOT old.is_inherited)
        WHERE session_id = old.session_id;
    END;
    CREATE TRIGGER messages_changed AFTER UPDATE OF kind, is_inherited ON messages
    WHEN old.kind <> new.kind OR old.is_inherited <> new.is_inherited BEGIN
        UPDATE session_counts SET
            messages = messages + (new.kind <> 'session') - (old.kind <> 'session'),
            prompts = prompts + (new.kind = 'prompt' AND NOT new.is_inherited)
                - (old.kind = 'prompt' AND NOT old.is_inherited)
        WHERE session_id = new.session_id;
    END;
    CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
        INSERT INTO session_counts (session_id, pending, held, rejected) VALUES (new.session_id,
            new.rejected IS NULL, new.rejected IS NULL AND NOT new.is_released,
            new.rejected IS NOT NULL)
        ON CONFLICT DO UPDATE SET pending = pending + excluded.pending,
            held = held + excluded.held, rejected = rejected + excluded.rejected;
    END;
    CREATE TRIGGER outbox_removed AFTER DELETE ON outbox BEGIN
        UPDATE session_counts SET pending = pending - (old.rejected IS NULL),
            held = held - (old.rejected IS NULL AND NOT old.is_released),
            rejected = rejected - (old.rejected IS NOT NULL)
        WHERE session_id = old.session_id;
    END;
    CREATE TRIGGER outbox_changed AFTER UPDATE OF rejected, is_released ON outbox
    WHEN (old.rejected IS NULL) <> (new.rejected IS NULL) OR old.is_released <> new.is_released
    BEGIN
        UPDATE session_counts SET
            pending = pending + (new.rejected IS NULL) - (old.rejected IS NULL),
            held = held + (new.rejected IS NULL AND NOT new.is_released)
                - (old.rejected IS NULL AND NOT old.is_released),
            rejected = rejected + (new.rejected IS NOT NULL) - (old.rejected IS NOT NULL)
        WHERE session_id = new.session_id;
    END;
    """,
    """
    -- What the dashboard searches, made when somebody looks. A message that changes leaves it at
    -- once, and is taken up again with those that are due.
    CREATE VIRTUAL TABLE search USING fts5 (
        text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
    );
    CREATE TABLE search_due (seq INTEGER PRIMARY KEY);
    CREATE TRIGGER parts_removed AFTER DELETE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        INSERT OR IGNORE INTO search_due VALUES (old.message_seq);
    END;
    CREATE TRIGGER parts_changed AFTER UPDATE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        INSERT OR IGNORE INTO search_due VALUES (old.message_seq);
    END;
    -- One that had no parts has none to remove when it is replaced.
    CREATE TRIGGER messages_replaced AFTER UPDATE OF digest ON messages BEGIN
        INSERT OR IGNORE INTO search_due VALUES (new.seq);
    END;

    -- What the list of sessions is filtered and sorted by.
    CREATE INDEX sessions_project ON sessions (project_path, updated_ms) WHERE NOT is_excluded;
    CREATE INDEX sessions_model ON sessions (model, updated_ms) WHERE NOT is_excluded;
    CREATE INDEX sessions_branch ON sessions (git_branch, updated_ms) WHERE NOT is_excluded;
    CREATE INDEX sessions_started ON sessions (started_ms);
    CREATE INDEX sessions_forks ON sessions (forked_from) WHERE forked_from IS NOT NULL;
    DROP INDEX sessions_updated;
    CREATE INDEX sessions_updated ON sessions (updated_ms, started_ms, is_excluded);
    CREATE INDEX session_counts_waiting ON session_counts (session_id) WHERE pending OR rejected;
    CREATE INDEX messages_prompts ON messages (timestamp_ms, session_id)
        WHERE kind = 'prompt' AND NOT is_inherited;
    CREATE INDEX parts_result ON parts (tool_use_id) WHERE kind = 'tool-result';
    """,
    """
    -- The names that the code uses now; rows and indexes stay as they are.
    ALTER TABLE lessons RENAME TO disclosures;
    ALTER TABLE signals RENAME TO hook_events;
    ALTER TABLE remote RENAME COLUMN is_foreign TO is_preexisting;
    """,
    """
    -- Older clients' subagents, in the session's own transcript: a chain begins at a task. Which
    -- call started each is found when the transcript is read again.
    CREATE INDEX messages_parent ON messages (session_id, parent_uuid);
    CREATE TEMP TABLE sidechains AS WITH RECURSIVE chain (session_id, uuid, agent_id) AS (
        SELECT session_id, uuid, 'side-' || uuid FROM messages
            WHERE kind = 'task' AND agent_id IS NULL
        UNION SELECT m.session_id, m.uuid, c.agent_id FROM chain c JOIN messages m
            ON m.session_id = c.session_id AND m.parent_uuid = c.uuid AND m.agent_id IS NULL
    ) SELECT * FROM chain;
    DROP INDEX messages_parent;
    CREATE INDEX temp.sidechain ON sidechains (session_id, uuid);
    UPDATE messages SET agent_id = (SELECT c.agent_id FROM temp.sidechains c
            WHERE c.session_id = messages.session_id AND c.uuid = messages.uuid)
        WHERE agent_id IS NULL AND (session_id, uuid) IN
            (SELECT session_id, uuid FROM temp.sidechains);
    UPDATE OR REPLACE usage_rows SET agent_id = (SELECT c.agent_id FROM temp.sidechains c
            WHERE c.session_id = usage_rows.session_id AND c.uuid = usage_rows.uuid)
        WHERE agent_id = '' AND (session_id, uuid) IN
            (SELECT session_id, uuid FROM temp.sidechains);
    UPDATE usage SET agent_id = (SELECT min(r.agent_id) FROM usage_rows r
            WHERE r.usage_id = usage.id AND r.session_id = usage.session_id)
        WHERE agent_id IS NULL AND session_id IN (SELECT session_id FROM temp.sidechains)
            AND EXISTS (SELECT 1 FROM usage_rows r WHERE r.usage_id = usage.id
                AND r.agent_id LIKE 'side-%');
    INSERT OR IGNORE INTO subagents (session_id, agent_id)
        SELECT DISTINCT session_id, agent_id FROM temp.sidechains;
    UPDATE sessions SET model = (SELECT m.model FROM messages m WHERE m.session_id = sessions.id
            AND m.agent_id IS NULL AND m.model IS NOT NULL ORDER BY m.seq DESC LIMIT 1)
        WHERE id IN (SELECT session_id FROM temp.sidechains);
    DROP TABLE temp.sidechains;

    -- A fork's copies of the user's own rows have no mark: the ids say it.
    UPDATE messages SET is_inherited = 1 WHERE NOT is_inherited AND kind <> 'session'
        AND session_id IN (SELECT id FROM sessions WHERE forked_from IS NOT NULL)
        AND EXISTS (SELECT 1 FROM sessions f
            JOIN messages p ON p.id = f.forked_from || ':' || messages.uuid
            WHERE f.id = messages.session_id);

    -- Titles by the row that they name: older clients wrote them into other sessions' files.
    CREATE TABLE summaries (leaf TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX messages_uuid ON messages (uuid);
    INSERT OR IGNORE INTO summaries
        SELECT json_extract(value, '$.leaf'), json_extract(value, '$.text') FROM session_facts
        WHERE name = 'summary' AND json_extract(value, '$.leaf') IS NOT NULL
            AND json_extract(value, '$.text') IS NOT NULL;
    DELETE FROM session_facts WHERE name = 'summary' AND NOT EXISTS (SELECT 1 FROM messages
        WHERE NOT is_inherited
            AND id = session_facts.session_id || ':' || json_extract(value, '$.leaf'));
    INSERT OR IGNORE INTO session_facts SELECT m.session_id, 'summary',
            json_object('text', t.text, 'leaf', t.leaf)
        FROM summaries t JOIN messages m ON m.uuid = t.leaf AND NOT m.is_inherited
        JOIN sessions s ON s.id = m.session_id AND NOT s.is_excluded AND NOT s.is_metadata_only;

    -- The first versions did not store whether a response had ended. At its start it reports one
    -- token of output, so one that has more is taken for a whole one.
    UPDATE usage SET is_final = 1 WHERE NOT is_final AND output_tokens > 1;

    -- What identifies a response besides its message id. NULL in `request_id`: an earlier version
    -- stored it, with one record for each message id. `counted_in` = the record that it is an
    -- earlier state of. `iterations` = the tokens of each request of the response, if several.
    ALTER TABLE usage ADD COLUMN response_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE usage ADD COLUMN request_id TEXT;
    ALTER TABLE usage ADD COLUMN counted_in TEXT;
    ALTER TABLE usage ADD COLUMN iterations TEXT;
    UPDATE usage SET response_id = id;
    CREATE INDEX usage_response ON usage (response_id);
    CREATE INDEX usage_counted_in ON usage (counted_in) WHERE counted_in IS NOT NULL;

    -- The earliest row of a response dates it.
    ALTER TABLE usage_rows ADD COLUMN timestamp_ms INTEGER;
    UPDATE usage_rows SET timestamp_ms = (SELECT m.timestamp_ms FROM messages m WHERE m.id =
        usage_rows.session_id || ':' || iif(usage_rows.agent_id = ''
            OR usage_rows.agent_id LIKE 'side-%', '', usage_rows.agent_id || ':')
        || usage_rows.uuid);
    UPDATE usage SET timestamp_ms = coalesce((SELECT min(r.timestamp_ms) FROM usage_rows r
        WHERE r.usage_id = usage.id), timestamp_ms);

    -- Rows that report tokens which no total contains; `row_id` is unique in its transcript.
    CREATE TABLE uncounted_usage (
        session_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        row_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (session_id, agent_id, row_id)
    ) WITHOUT ROWID;

    -- Much of what the rows say was not stored: request ids, iterations, responses without a
    -- message id, which call started an older client's subagent. So all transcripts that are still
    -- there are read again: known messages change nothing, and records of tokens are replaced by
    -- those that their rows now make. What was stored of missing transcripts stays as it is.
    UPDATE transcripts SET offset = 0, head = x'', marker = x'', size = -1, lines = 0
        WHERE missing_since_ms IS NULL;
    DELETE FROM line_types;
    """,
    """
    -- One spelling for each project's folder; a worktree belongs to its repository's project.
    -- `folder` is the one in which the session began; see `session_projects`.
    ALTER TABLE sessions ADD COLUMN worktree TEXT;
    ALTER TABLE sessions ADD COLUMN folder TEXT;
    UPDATE sessions SET worktree = worktree_name(project_path),
        folder = normal_folder(project_path),
        project_path = project_folder(project_path) WHERE project_path IS NOT NULL;
    -- Which spelling of a folder of Windows counts is decided when its transcripts are read again.
    UPDATE sessions SET project_path = NULL WHERE folder LIKE '%\\%' AND id IN
        (SELECT session_id FROM transcripts WHERE missing_since_ms IS NULL AND agent_id IS NULL);
    CREATE INDEX sessions_folder ON sessions (folder COLLATE NOCASE);
    -- Worktrees outside of their repository, as rows name them: their folder, their project, and
    -- the call that made each, if a call of the shell did: its result may say that it failed.
    CREATE TABLE worktrees (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        project TEXT NOT NULL,
        name TEXT NOT NULL,
        call_id TEXT
    );
    -- Drives, shares and distributions that folders of Windows are on.
    CREATE TABLE windows_roots (id INTEGER PRIMARY KEY, root TEXT NOT NULL);

    -- The highest `seq` of the rows of a transcript that were read: rows that follow one that is
    -- understood only now get their place behind it when they are read again.
    ALTER TABLE transcripts ADD COLUMN last_seq INTEGER NOT NULL DEFAULT 0;

    -- What the title is made of (see `titles.TitleRank`), and whether anybody said anything: other
    -- sessions are listed only when asked for.
    ALTER TABLE sessions ADD COLUMN title_rank INTEGER NOT NULL DEFAULT 5;
    ALTER TABLE sessions ADD COLUMN is_conversation INTEGER NOT NULL DEFAULT 0;
    UPDATE sessions SET is_conversation = 1 WHERE EXISTS (SELECT 1 FROM messages m
        WHERE m.session_id = sessions.id AND m.agent_id IS NULL AND m.kind NOT IN
            ('command', 'command_output', 'notice', 'injected', 'interrupt', 'session'));

    -- Which session was continued in another one.
    CREATE INDEX session_facts_continued ON session_facts (value) WHERE name = 'continued_in';

    -- The team of agents that a session is part of, and its name there; its lead has none.
    ALTER TABLE sessions ADD COLUMN team TEXT;
    ALTER TABLE sessions ADD COLUMN member TEXT;
    CREATE INDEX sessions_team ON sessions (team) WHERE team IS NOT NULL;

    -- What a subagent's own files say of it, besides what its call says; and every source that
    -- names the call of a subagent (see `subagent_calls`).
    ALTER TABLE subagents ADD COLUMN own_type TEXT;
    ALTER TABLE subagents ADD COLUMN own_description TEXT;
    ALTER TABLE subagents ADD COLUMN phase TEXT;
    ALTER TABLE subagents ADD COLUMN teammate_id TEXT;
    ALTER TABLE subagents ADD COLUMN run_id TEXT;
    ALTER TABLE subagents ADD COLUMN task_id TEXT;
    ALTER TABLE subagents ADD COLUMN position INTEGER;
    ALTER TABLE subagents ADD COLUMN is_helper INTEGER;
    CREATE TABLE subagent_calls (
        session_id TEXT NOT NULL,
        name TEXT NOT NULL,
        source INTEGER NOT NULL,
        tool_use_id TEXT NOT NULL,
        at_ms INTEGER,
        PRIMARY KEY (session_id, name, source, tool_use_id)
    ) WITHOUT ROWID;
    INSERT INTO subagent_calls SELECT session_id, agent_id, 0, tool_use_id, NULL FROM subagents
        WHERE tool_use_id IS NOT NULL AND agent_id NOT LIKE 'side-%' AND NOT EXISTS
            (SELECT 1 FROM transcripts t WHERE t.agent_id = subagents.agent_id
                AND t.missing_since_ms IS NULL);
    UPDATE subagents SET own_type = agent_type, own_description = description
        WHERE agent_id NOT LIKE 'side-%' AND NOT EXISTS
            (SELECT 1 FROM transcripts t WHERE t.agent_id = subagents.agent_id
                AND t.missing_since_ms IS NULL);

    -- What the client's own helpers were asked and said is not kept; what they cost is.
    CREATE TEMP TABLE helpers AS SELECT DISTINCT m.session_id, m.agent_id FROM messages m
        LEFT JOIN subagents a ON a.session_id = m.session_id AND a.agent_id = m.agent_id
        WHERE a.agent_type IS NULL AND a.tool_use_id IS NULL
            AND (m.agent_id GLOB 'acompact-[0-9a-f]*'
            OR m.agent_id GLOB 'aprompt_suggestion-[0-9a-f]*'
            OR m.agent_id GLOB 'asession_memory-[0-9a-f]*');
    CREATE TEMP TABLE helper_messages AS SELECT seq, id FROM messages
        WHERE (session_id, agent_id) IN (SELECT session_id, agent_id FROM temp.helpers)
        -- A fork's transcript begins with a copy of the call that started it.
        OR (agent_id IS NOT NULL AND parent_uuid IS NULL AND kind = 'answer' AND EXISTS
            (SELECT 1 FROM parts p WHERE p.message_seq = messages.seq AND p.kind = 'tool-call'
                AND json_extract(p.content, '$.subagent_type') = 'fork'));
    UPDATE subagents SET is_helper = 1, agent_type = CASE
            WHEN agent_id GLOB 'acompact-*' THEN 'compaction'
            WHEN agent_id GLOB 'aprompt_suggestion-*' THEN 'prompt suggestion'
            ELSE 'memory' END
        WHERE (session_id, agent_id) IN (SELECT session_id, agent_id FROM temp.helpers);
    UPDATE subagents SET own_type = agent_type WHERE is_helper;
    UPDATE usage SET carrier = NULL WHERE carrier IN (SELECT id FROM temp.helper_messages);
    DELETE FROM outbox WHERE seq IN (SELECT seq FROM temp.helper_messages);
    DELETE FROM parts WHERE message_seq IN (SELECT seq FROM temp.helper_messages);
    DELETE FROM messages WHERE seq IN (SELECT seq FROM temp.helper_messages);
    DROP TABLE temp.helper_messages;

    -- Subagents alone make no session: some clients start agents in sessions that never begin.
    -- One that did begin comes back when its transcript, if it still exists, is read again.
    CREATE TEMP TABLE unbegun AS SELECT id FROM sessions s
        WHERE EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.id AND m.agent_id IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.id
                AND m.agent_id IS NULL AND m.kind <> 'session')
            AND NOT EXISTS (SELECT 1 FROM transcripts t WHERE t.session_id = s.id
                AND t.agent_id IS NULL AND t.missing_since_ms IS NOT NULL)
            AND NOT is_excluded AND NOT is_metadata_only;
    DELETE FROM outbox WHERE session_id IN (SELECT id FROM temp.unbegun);
    DELETE FROM parts WHERE message_seq IN (SELECT seq FROM messages
        WHERE kind = 'session' AND session_id IN (SELECT id FROM temp.unbegun));
    DELETE FROM messages WHERE kind = 'session' AND session_id IN (SELECT id FROM temp.unbegun);
    DELETE FROM sessions WHERE id IN (SELECT id FROM temp.unbegun);
    DROP TABLE temp.unbegun;
    DROP TABLE temp.helpers;

    DROP INDEX sessions_project;
    DROP INDEX sessions_model;
    DROP INDEX sessions_branch;
    DROP INDEX sessions_started;
    DROP INDEX sessions_updated;
    CREATE INDEX sessions_project ON sessions (project_path, updated_ms, is_conversation)
        WHERE NOT is_excluded;
    CREATE INDEX sessions_model ON sessions (model, updated_ms, is_conversation)
        WHERE NOT is_excluded;
    CREATE INDEX sessions_branch ON sessions (git_branch, updated_ms, is_conversation)
        WHERE NOT is_excluded;
    CREATE INDEX sessions_started ON sessions (started_ms, is_conversation);
    CREATE INDEX sessions_updated
        ON sessions (updated_ms, started_ms, is_excluded, is_conversation);

    -- Where a text of a terminal has colours: start, end and names of each style.
    ALTER TABLE parts ADD COLUMN styles TEXT;

    -- What was typed while Claude worked and has not left the client's queue, in the order of the
    -- queue. `prompt`: its parts and facts, NULL if its row does not have its words. `is_dequeued`:
    -- its own row was not read yet.
    CREATE TABLE waiting_prompts (
        transcript_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        start INTEGER NOT NULL,
        session_id TEXT NOT NULL,
        key TEXT NOT NULL,
        is_dequeued INTEGER NOT NULL,
        timestamp_ms INTEGER,
        prompt TEXT,
        PRIMARY KEY (transcript_id, number)
    ) WITHOUT ROWID;
    -- The rows that hold such a prompt, and the message that stands for them. `words` is a hash of
    -- what was typed, `command_id` the client's name for it, `typed_ms` when it was typed.
    CREATE TABLE prompt_sources (
        session_id TEXT NOT NULL,
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        uuid TEXT NOT NULL,
        words BLOB NOT NULL,
        command_id TEXT,
        typed_ms INTEGER,
        PRIMARY KEY (session_id, source)
    );
    CREATE INDEX prompt_sources_uuid ON prompt_sources (session_id, uuid);
    INSERT INTO prompt_sources SELECT session_id, uuid, 'attachment', uuid,
            prompt_words((SELECT json_group_array(json_array(kind, json(content))) FROM parts
                WHERE message_seq = m.seq)), NULL, NULL
        FROM messages m WHERE agent_id IS NULL AND kind = 'prompt'
            AND json_extract(facts, '$.queued') IS NOT NULL;

    -- Who denied a call, what a prompt mentions and who wrote what in the user's name is understood
    -- from the rows only, so all transcripts that are still there are read again.
    -- Until then their titles stay, unless they are a text of the client's.
    UPDATE sessions SET title_rank = 0, is_conversation = 0, first_prompt = iif(
            first_prompt LIKE '<%' OR first_prompt LIKE '[Request interrupted by user%'
            OR first_prompt LIKE 'Caveat: The messages below%'
            OR first_prompt LIKE 'Another Claude session sent%'
            OR first_prompt LIKE 'Context: This summary will be shown%', NULL, first_prompt)
        WHERE id IN
        (SELECT session_id FROM transcripts WHERE missing_since_ms IS NULL AND agent_id IS NULL);
    -- Rows without any id were not counted; they have one now.
    DELETE FROM uncounted_usage WHERE reason = 'without any id' AND session_id IN
        (SELECT session_id FROM transcripts WHERE missing_since_ms IS NULL);
    UPDATE transcripts SET offset = 0, head = x'', marker = x'', size = -1, lines = 0
        WHERE missing_since_ms IS NULL;
    DELETE FROM line_types;
    """,
    """
    -- A new title replaces the session's search text at the backend, and a message that is sent
    -- again is appended to it once more: 1 = it must be written again, which it never was before.
    ALTER TABLE remote ADD COLUMN is_search_stale INTEGER NOT NULL DEFAULT 0;
    UPDATE remote SET is_search_stale = 1 WHERE sent IS NOT NULL;
    -- The backend may have words that must go: what an excluded session had sent is taken back.
    ALTER TABLE remote ADD COLUMN is_recalled INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX remote_recalled ON remote (session_id) WHERE is_recalled;
    INSERT OR IGNORE INTO outbox (seq, session_id, is_certain, is_released)
        SELECT m.seq, m.session_id, 0, 0 FROM remote r JOIN sessions s ON s.id = r.session_id
        JOIN messages m ON m.session_id = s.id AND NOT (m.is_inherited AND s.forked_from IS NULL)
        WHERE s.is_excluded AND r.sent IS NOT NULL;
    UPDATE remote SET is_held = 1, is_recalled = 1, applied = NULL, sent = '{}'
        WHERE sent IS NOT NULL AND session_id IN (SELECT id FROM sessions WHERE is_excluded);

    -- What is known of destinations that were switched away from: per session what is known there,
    -- and the messages that they do not have. What is queued since is missing there, too.
    CREATE TABLE earlier_destinations (address TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE earlier_sessions (
        address TEXT NOT NULL,
        session_id TEXT NOT NULL,
        is_preexisting INTEGER NOT NULL,
        applied TEXT,
        sent TEXT,
        upsert_ms INTEGER,
        write_ms INTEGER,
        dated_ms INTEGER,
        ack_ms INTEGER,
        is_search_stale INTEGER NOT NULL,
        is_recalled INTEGER NOT NULL,
        PRIMARY KEY (address, session_id)
    ) WITHOUT ROWID;
    CREATE INDEX earlier_sessions_session ON earlier_sessions (session_id);
    CREATE TABLE earlier_outbox (
        address TEXT NOT NULL,
        seq INTEGER NOT NULL,
        is_certain INTEGER NOT NULL,
        PRIMARY KEY (seq, address)
    ) WITHOUT ROWID;
    CREATE TRIGGER outbox_missing_earlier AFTER INSERT ON outbox
        WHEN EXISTS (SELECT 1 FROM earlier_destinations) BEGIN
        INSERT INTO earlier_outbox SELECT address, NEW.seq, NEW.is_certain
            FROM earlier_destinations WHERE true ON CONFLICT DO NOTHING;
    END;
    CREATE TRIGGER outbox_changed_earlier AFTER UPDATE OF version ON outbox
        WHEN EXISTS (SELECT 1 FROM earlier_destinations) BEGIN
        INSERT INTO earlier_outbox SELECT address, NEW.seq, 0
            FROM earlier_destinations WHERE true ON CONFLICT DO NOTHING;
    END;
    """,
    """
    -- Ids that may be secrets are stored as hashes: what was stored before is found under them.
    CREATE TEMP TABLE renamed AS SELECT id AS old, CASE
            WHEN response_id IS NOT NULL AND substr(id, 1, length(response_id) + 1)
                = response_id || '#'
            THEN stored_id(response_id) || substr(id, length(response_id) + 1)
            ELSE stored_id(id) END AS new FROM usage;
    DELETE FROM temp.renamed WHERE old = new;
    CREATE INDEX temp.renamed_old ON renamed (old);
    UPDATE usage_rows SET usage_id = (SELECT new FROM temp.renamed WHERE old = usage_id)
        WHERE usage_id IN (SELECT old FROM temp.renamed);
    UPDATE messages SET usage_id = (SELECT new FROM temp.renamed WHERE old = usage_id)
        WHERE usage_id IN (SELECT old FROM temp.renamed);
    UPDATE contested SET usage_id = (SELECT new FROM temp.renamed WHERE old = usage_id)
        WHERE usage_id IN (SELECT old FROM temp.renamed);
    UPDATE usage SET id = (SELECT new FROM temp.renamed r WHERE r.old = usage.id)
        WHERE id IN (SELECT old FROM temp.renamed);
    UPDATE usage SET counted_in = (SELECT new FROM temp.renamed r WHERE r.old = counted_in)
        WHERE counted_in IN (SELECT old FROM temp.renamed);
    UPDATE usage SET response_id = stored_id(response_id)
        WHERE response_id <> stored_id(response_id);
    DROP TABLE temp.renamed;
    UPDATE parts SET tool_use_id = stored_id(tool_use_id)
        WHERE tool_use_id <> stored_id(tool_use_id);
    UPDATE subagents SET tool_use_id = stored_id(tool_use_id)
        WHERE tool_use_id <> stored_id(tool_use_id);
    UPDATE subagent_calls SET tool_use_id = stored_id(tool_use_id)
        WHERE tool_use_id <> stored_id(tool_use_id);
    UPDATE worktrees SET call_id = stored_id(call_id) WHERE call_id <> stored_id(call_id);
    """,
    f"""
    -- A row of a table without rowids that is longer than a quarter of a page has a page of its
    -- own; and long texts are packed (see `packed_texts`). A large table was copied before, in
    -- steps: see `copied_parts`.
    {NEW_PARTS};
    {COPY_PARTS};
    DROP TABLE parts;
    ALTER TABLE new_parts RENAME TO parts;
    -- Of several copies of a call the first message's counts, whichever row was written first.
    CREATE INDEX parts_call ON parts (tool_use_id, message_seq, position)
        WHERE kind = 'tool-call';
    CREATE INDEX parts_result ON parts (tool_use_id, message_seq, position)
        WHERE kind = 'tool-result';
    CREATE TRIGGER parts_removed AFTER DELETE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        DELETE FROM indexed_texts WHERE seq = old.message_seq;
        INSERT OR IGNORE INTO search_due VALUES (old.message_seq);
    END;
    CREATE TRIGGER parts_changed AFTER UPDATE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        DELETE FROM indexed_texts WHERE seq = old.message_seq;
        INSERT OR IGNORE INTO search_due VALUES (old.message_seq);
    END;

    -- The search had a copy of each text; it reads packed ones now. It is indexed again when
    -- somebody looks.
    DROP TABLE search;
    CREATE TABLE indexed_texts (
        seq INTEGER PRIMARY KEY,
        packed NOT NULL,
        text GENERATED ALWAYS AS (unpacked(packed)) VIRTUAL
    );
    CREATE VIRTUAL TABLE search USING fts5 (
        text, content = 'indexed_texts', content_rowid = 'seq',
        tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
    );
    DELETE FROM search_due;
    DELETE FROM meta WHERE name = 'search';
    """,  # noqa: S608 - constants
    """
    -- Gateways give one id to responses of thousands of sessions: a new claim is compared with the
    -- owner's only, where all rows are their own session's. The sessions that have the same words
    -- as an owner may have copied from it.
    CREATE INDEX usage_rows_of_others ON usage_rows (usage_id) WHERE owner <> session_id;
    CREATE TABLE contested_answers (
        usage_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        session_id TEXT NOT NULL,
        PRIMARY KEY (usage_id, digest, session_id)
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO contested_answers
        SELECT coalesce(u.counted_in, u.id), m.digest, m.session_id FROM contested c
            JOIN messages m ON m.session_id = c.session_id AND m.kind = 'answer'
            JOIN usage u ON u.id = m.usage_id
            WHERE coalesce(u.counted_in, u.id) = c.usage_id;
    """,
    """
    -- Ids that many rows repeat are stored once and have a key; UUIDs are 16 bytes. Temporary views
    -- with the names of the old tables show the rows with their ids: see `id_keys`.
    CREATE TABLE ids (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
    INSERT INTO ids (id) SELECT session_id FROM usage UNION SELECT session_id FROM usage_rows
        UNION SELECT owner FROM usage_rows;
    INSERT OR IGNORE INTO ids (id) SELECT id FROM usage;
    INSERT OR IGNORE INTO ids (id) SELECT usage_id FROM usage_rows;

    -- `key` is that of the response's id. `response` is its message id: a number is how many
    -- characters of the response's id it is. `carrier_seq` is the message with which it is sent.
    CREATE TABLE compact_usage (
        key INTEGER PRIMARY KEY,
        session_key INTEGER NOT NULL,
        agent_id TEXT,
        model TEXT,
        timestamp_ms INTEGER,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cache_write_5m_tokens INTEGER NOT NULL,
        cache_write_1h_tokens INTEGER NOT NULL,
        cache_read_tokens INTEGER NOT NULL,
        web_searches INTEGER NOT NULL,
        tier TEXT,
        is_marked INTEGER NOT NULL,
        carrier_seq INTEGER,
        is_final INTEGER NOT NULL,
        is_fast INTEGER NOT NULL,
        is_us_only INTEGER NOT NULL,
        cost_usd REAL,
        response NOT NULL,
        request_id TEXT,
        counted_in TEXT,
        iterations TEXT
    );
    INSERT INTO compact_usage SELECT k.key, s.key, agent_id, model, timestamp_ms, input_tokens,
            output_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens,
            web_searches, tier, is_marked, (SELECT seq FROM messages WHERE id = carrier), is_final,
            is_fast, is_us_only, cost_usd,
            CASE WHEN response_id = u.id
                OR substr(u.id, 1, length(response_id) + 1) = response_id || '#'
            THEN length(response_id) ELSE response_id END, request_id, counted_in, iterations
        FROM usage u JOIN ids k ON k.id = u.id JOIN ids s ON s.id = u.session_id ORDER BY k.key;
    DROP TABLE usage;
    CREATE INDEX usage_session ON compact_usage (session_key);
    CREATE INDEX usage_counted_in ON compact_usage (counted_in) WHERE counted_in IS NOT NULL;
    CREATE INDEX usage_response ON compact_usage (response) WHERE typeof(response) = 'text';

    CREATE TABLE compact_usage_rows (
        usage_key INTEGER NOT NULL,
        session_key INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        uuid_key NOT NULL,
        start INTEGER NOT NULL,
        owner_key INTEGER NOT NULL,
        is_marked INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        timestamp_ms INTEGER,
        PRIMARY KEY (usage_key, session_key, agent_id, uuid_key)
    ) WITHOUT ROWID;
    INSERT INTO compact_usage_rows SELECT k.key, s.key, agent_id, uuid_key(uuid), start, o.key,
            is_marked, prompt_tokens, output_tokens, timestamp_ms
        FROM usage_rows r JOIN ids k ON k.id = r.usage_id JOIN ids s ON s.id = r.session_id
        JOIN ids o ON o.id = r.owner ORDER BY 1, 2, 3, 4;
    DROP TABLE usage_rows;
    CREATE INDEX usage_rows_session ON compact_usage_rows (session_key);
    CREATE INDEX usage_rows_of_others ON compact_usage_rows (usage_key)
        WHERE owner_key <> session_key;
    """,
    """
    -- The same for messages. `own_id`: NULL = the id is that of the session and the uuid, 1 = the
    -- subagent is between them; a text is an id that is made in another way.
    INSERT OR IGNORE INTO ids (id) SELECT DISTINCT session_id FROM messages;
    INSERT OR IGNORE INTO ids (id) SELECT DISTINCT model FROM messages WHERE model IS NOT NULL;
    INSERT OR IGNORE INTO ids (id) SELECT usage_id FROM messages WHERE usage_id IS NOT NULL;
    CREATE TABLE compact_messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        session_key INTEGER NOT NULL,
        agent_id TEXT,
        own_id,
        uuid_key NOT NULL,
        parent_key,
        transcript_id INTEGER NOT NULL,
        start INTEGER NOT NULL,
        role TEXT NOT NULL,
        kind TEXT NOT NULL,
        timestamp_ms INTEGER,
        dated_ms INTEGER,
        model_key INTEGER,
        usage_key INTEGER,
        is_inherited INTEGER NOT NULL,
        facts TEXT NOT NULL,
        digest BLOB NOT NULL
    );
    INSERT INTO compact_messages SELECT seq, s.key, agent_id,
            CASE m.id WHEN m.session_id || ':' || uuid THEN NULL
                WHEN m.session_id || ':' || agent_id || ':' || uuid THEN 1 ELSE m.id END,
            uuid_key(uuid), uuid_key(parent_uuid), transcript_id, start, role, kind, timestamp_ms,
            dated_ms, (SELECT key FROM ids WHERE id = model),
            (SELECT key FROM ids WHERE id = usage_id), is_inherited, facts, digest
        FROM messages m JOIN ids s ON s.id = m.session_id ORDER BY seq;
    INSERT INTO sqlite_sequence (name, seq) SELECT 'compact_messages', 0
        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'compact_messages');
    UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence
        WHERE name = 'messages'), 0)) WHERE name = 'compact_messages';
    DROP TABLE messages;
    CREATE UNIQUE INDEX messages_id ON compact_messages (uuid_key, session_key,
        CASE own_id WHEN 1 THEN agent_id ELSE coalesce(own_id, '') END);
    CREATE INDEX messages_session ON compact_messages (session_key, seq);
    CREATE INDEX messages_prompts ON compact_messages (timestamp_ms, session_key)
        WHERE kind = 'prompt' AND NOT is_inherited;
    CREATE TRIGGER messages_added AFTER INSERT ON compact_messages BEGIN
        INSERT INTO session_counts (session_id, messages, prompts)
            SELECT id, new.kind <> 'session', new.kind = 'prompt' AND NOT new.is_inherited
            FROM ids WHERE key = new.session_key
        ON CONFLICT DO UPDATE SET messages = messages + excluded.messages,
            prompts = prompts + excluded.prompts;
    END;
    CREATE TRIGGER messages_removed AFTER DELETE ON compact_messages BEGIN
        UPDATE session_counts SET messages = messages - (old.kind <> 'session'),
            prompts = prompts - (old.kind = 'prompt' AND NOT old.is_inherited)
        WHERE session_id = (SELECT id FROM ids WHERE key = old.session_key);
    END;
    CREATE TRIGGER messages_changed AFTER UPDATE OF kind, is_inherited ON compact_messages
    WHEN old.kind <> new.kind OR old.is_inherited <> new.is_inherited BEGIN
        UPDATE session_counts SET
            messages = messages + (new.kind <> 'session') - (old.kind <> 'session'),
            prompts = prompts + (new.kind = 'prompt' AND NOT new.is_inherited)
                - (old.kind = 'prompt' AND NOT old.is_inherited)
        WHERE session_id = (SELECT id FROM ids WHERE key = new.session_key);
    END;
    -- One that had no parts has none to remove when it is replaced.
    CREATE TRIGGER messages_replaced AFTER UPDATE OF digest ON compact_messages BEGIN
        INSERT OR IGNORE INTO search_due VALUES (new.seq);
    END;
    """,
    """
    -- The same for what is queued.
    INSERT OR IGNORE INTO ids (id) SELECT DISTINCT session_id FROM outbox;
    CREATE TABLE new_outbox (
        seq INTEGER PRIMARY KEY,
        session_key INTEGER NOT NULL,
        version INTEGER NOT NULL DEFAULT 0,
        is_certain INTEGER NOT NULL,
        is_released INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0,
        rejected TEXT
    );
    INSERT INTO new_outbox SELECT seq, k.key, version, is_certain, is_released, attempts,
        not_before_ms, rejected FROM outbox JOIN ids k ON k.id = session_id ORDER BY seq;
    DROP TABLE outbox;
    ALTER TABLE new_outbox RENAME TO outbox;
    CREATE INDEX outbox_session ON outbox (session_key) WHERE rejected IS NULL;
    CREATE INDEX outbox_rejected ON outbox (session_key) WHERE rejected IS NOT NULL;
    CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
        INSERT INTO session_counts (session_id, pending, held, rejected)
            SELECT id, new.rejected IS NULL, new.rejected IS NULL AND NOT new.is_released,
                new.rejected IS NOT NULL FROM ids WHERE key = new.session_key
        ON CONFLICT DO UPDATE SET pending = pending + excluded.pending,
            held = held + excluded.held, rejected = rejected + excluded.rejected;
    END;
    CREATE TRIGGER outbox_removed AFTER DELETE ON outbox BEGIN
        UPDATE session_counts SET pending = pending - (old.rejected IS NULL),
            held = held - (old.rejected IS NULL AND NOT old.is_released),
            rejected = rejected - (old.rejected IS NOT NULL)
        WHERE session_id = (SELECT id FROM ids WHERE key = old.session_key);
    END;
    CREATE TRIGGER outbox_changed AFTER UPDATE OF rejected, is_released ON outbox
    WHEN (old.rejected IS NULL) <> (new.rejected IS NULL) OR old.is_released <> new.is_released
    BEGIN
        UPDATE session_counts SET
            pending = pending + (new.rejected IS NULL) - (old.rejected IS NULL),
            held = held + (new.rejected IS NULL AND NOT new.is_released)
                - (old.rejected IS NULL AND NOT old.is_released),
            rejected = rejected + (new.rejected IS NOT NULL) - (old.rejected IS NOT NULL)
        WHERE session_id = (SELECT id FROM ids WHERE key = new.session_key);
    END;
    CREATE TRIGGER outbox_missing_earlier AFTER INSERT ON outbox
        WHEN EXISTS (SELECT 1 FROM earlier_destinations) BEGIN
        INSERT INTO earlier_outbox SELECT address, NEW.seq, NEW.is_certain
            FROM earlier_destinations WHERE true ON CONFLICT DO NOTHING;
    END;
    CREATE TRIGGER outbox_changed_earlier AFTER UPDATE OF version ON outbox
        WHEN EXISTS (SELECT 1 FROM earlier_destinations) BEGIN
        INSERT INTO earlier_outbox SELECT address, NEW.seq, 0
            FROM earlier_destinations WHERE true ON CONFLICT DO NOTHING;
    END;
    -- The number of the row is in every index anyway.
    DROP INDEX messages_session;
    CREATE INDEX messages_session ON compact_messages (session_key);
    """,
    """
    -- A checksum of all that was read of a file, null where it is not known.
    ALTER TABLE transcripts ADD COLUMN prefix INTEGER;
    """,
    """
    -- The search finds parts of identifiers, and words in scripts without spaces. It is indexed
    -- again when somebody looks.
    DROP TABLE search;
    DELETE FROM indexed_texts;
    ALTER TABLE indexed_texts
        ADD COLUMN split GENERATED ALWAYS AS (split_words(unpacked(packed))) VIRTUAL;
    CREATE VIRTUAL TABLE search USING fts5 (
        text, split, content = 'indexed_texts', content_rowid = 'seq',
        tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
    );
    DELETE FROM search_due;
    DELETE FROM meta WHERE name IN ('search', 'search_removed');
    """,
    """
    -- What the list of sessions is sorted by; counted while pages of the dashboard are opened.
    CREATE TABLE session_figures (
        session_id TEXT PRIMARY KEY,
        messages INTEGER NOT NULL,
        prompts INTEGER NOT NULL,
        cost_microusd INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        failed_calls INTEGER NOT NULL,
        changed_files INTEGER NOT NULL,
        subagents INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX session_figures_messages ON session_figures (messages);
    CREATE INDEX session_figures_cost ON session_figures (cost_microusd);
    CREATE INDEX session_figures_tokens ON session_figures (tokens);
    CREATE INDEX session_figures_duration ON session_figures (duration_ms);
    CREATE INDEX session_figures_failed ON session_figures (failed_calls);
    """,
    """
    -- Which results changed files, and which are of calls that failed: made of the parts when
    -- somebody looks (see `call_index`). What changes leaves them at once, and is read again.
    -- `call_names` has the names of projects, tools and kinds of failures; 0 = an unknown project.
    CREATE TABLE call_names (key INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE files (
        key INTEGER PRIMARY KEY,
        project_key INTEGER NOT NULL,
        path TEXT NOT NULL,
        changed_ms INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX files_path ON files (path, project_key);
    CREATE INDEX files_changed ON files (changed_ms);
    CREATE TABLE file_changes (
        file_key INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        position INTEGER NOT NULL,
        session_key INTEGER NOT NULL,
        added INTEGER,
        removed INTEGER,
        PRIMARY KEY (file_key, at_ms, seq, position)
    ) WITHOUT ROWID;
    CREATE INDEX file_changes_seq ON file_changes (seq);
    CREATE TABLE failed_calls (
        seq INTEGER NOT NULL,
        position INTEGER NOT NULL,
        tool_key INTEGER NOT NULL,
        kind_key INTEGER NOT NULL,
        project_key INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (seq, position)
    ) WITHOUT ROWID;
    CREATE INDEX failed_calls_time ON failed_calls (at_ms, project_key, tool_key, kind_key);
    CREATE TABLE calls_due (seq INTEGER PRIMARY KEY);

    CREATE TRIGGER calls_due_added AFTER INSERT ON calls_due BEGIN
        DELETE FROM file_changes WHERE seq = new.seq;
        DELETE FROM failed_calls WHERE seq = new.seq;
    END;
    CREATE TRIGGER calls_removed AFTER DELETE ON parts WHEN old.kind = 'tool-result' BEGIN
        INSERT OR IGNORE INTO calls_due VALUES (old.message_seq);
    END;
    CREATE TRIGGER calls_changed AFTER UPDATE ON parts WHEN old.kind = 'tool-result' BEGIN
        INSERT OR IGNORE INTO calls_due VALUES (old.message_seq);
    END;
    CREATE TRIGGER calls_copied AFTER UPDATE OF is_inherited, timestamp_ms ON compact_messages
    WHEN old.is_inherited <> new.is_inherited OR old.timestamp_ms IS NOT new.timestamp_ms BEGIN
        INSERT OR IGNORE INTO calls_due SELECT message_seq FROM parts
            WHERE message_seq = new.seq AND kind = 'tool-result';
    END;
    CREATE TRIGGER calls_of_added_session AFTER INSERT ON sessions BEGIN
        INSERT OR IGNORE INTO calls_due SELECT seq FROM compact_messages
            WHERE session_key = (SELECT key FROM ids WHERE id = new.id);
    END;
    -- Its project is another one, or may not be shown any more.
    CREATE TRIGGER calls_of_session AFTER UPDATE OF is_excluded, project_path ON sessions
    WHEN old.is_excluded <> new.is_excluded OR old.project_path IS NOT new.project_path BEGIN
        INSERT OR IGNORE INTO calls_due SELECT seq FROM compact_messages
            WHERE session_key = (SELECT key FROM ids WHERE id = new.id);
        DELETE FROM call_names WHERE name = old.project_path AND NOT EXISTS (SELECT 1 FROM sessions
            WHERE project_path = old.project_path AND NOT is_excluded);
    END;
    CREATE TRIGGER file_changes_removed AFTER DELETE ON file_changes BEGIN
        DELETE FROM files WHERE key = old.file_key
            AND NOT EXISTS (SELECT 1 FROM file_changes WHERE file_key = old.file_key);
        UPDATE files SET changed_ms = (SELECT max(at_ms) FROM file_changes
            WHERE file_key = old.file_key) WHERE key = old.file_key AND changed_ms = old.at_ms;
    END;
    """,
    """
    -- What a person says of sessions and messages, which no transcript has. The ids are those that
    -- a store has again that is built again.
    CREATE TABLE session_annotations (
        session_id TEXT PRIMARY KEY,
        is_starred INTEGER NOT NULL DEFAULT 0,
        name TEXT,
        note TEXT,
        tags TEXT NOT NULL DEFAULT '[]'
    ) WITHOUT ROWID;
    CREATE TABLE message_marks (
        message_id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        agent_id TEXT,
        mark TEXT NOT NULL,
        note TEXT,
        marked_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX message_marks_session ON message_marks (session_id);
    """,
    """
    -- Which messages a request was of, null where that is not known: from the first to the last of
    -- a session, without those that are still in the outbox.
    ALTER TABLE ledger ADD COLUMN first_seq INTEGER;
    ALTER TABLE ledger ADD COLUMN last_seq INTEGER;
    """,
    """
    -- The words of the search index, for what is inside of them: `search_substrings` says how. The
    -- index is built again when somebody looks, with them.
    DROP TABLE search;
    DELETE FROM indexed_texts;
    CREATE VIRTUAL TABLE search USING fts5 (
        text, split, content = 'indexed_texts', content_rowid = 'seq',
        tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
    );
    DELETE FROM search_due;
    DELETE FROM meta WHERE name IN ('search', 'search_removed');
    CREATE TABLE search_terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE);
    CREATE VIRTUAL TABLE search_grams USING fts5 (
        term, content = 'search_terms', content_rowid = 'id', tokenize = 'trigram', detail = none,
        columnsize = 0
    );
    CREATE TRIGGER search_terms_added AFTER INSERT ON search_terms BEGIN
        INSERT INTO search_grams (rowid, term) VALUES (new.id, new.term);
    END;
    CREATE TRIGGER search_terms_removed AFTER DELETE ON search_terms BEGIN
        INSERT INTO search_grams (search_grams, rowid, term) VALUES ('delete', old.id, old.term);
    END;
    """,
    """
    -- The sessions of a machine: of one that no session is of, all of them were read.
    CREATE INDEX sessions_host ON sessions (host, updated_ms, is_conversation)
        WHERE NOT is_excluded;
    """,
    """
    -- From here on, texts are packed with a dictionary, which an earlier version does not have: it
    -- must not open the database, in which it would find damaged texts.
    """,
    """
    -- Version 0.1.0 took every date of a row for right; from 2000 to 2100 they are now. A row with
    -- another one has none, until its file is read again and it gets that of its neighbour. It is
    -- placed by the one before it, and no session comes before all others until the year 9999.
    DELETE FROM meta WHERE name = 'session_figures' AND EXISTS (SELECT 1 FROM sessions
        WHERE min(started_ms, updated_ms) < 946684800000
        OR max(started_ms, updated_ms) >= 4102444800000);
    UPDATE compact_messages SET timestamp_ms = NULL
        WHERE timestamp_ms < 946684800000 OR timestamp_ms >= 4102444800000;
    -- At once for each session: to look back from each row of many takes hours.
    CREATE TEMP TABLE placed (seq INTEGER PRIMARY KEY, near_seq INTEGER);
    INSERT INTO temp.placed SELECT seq, max(iif(timestamp_ms IS NOT NULL
        OR (dated_ms >= 946684800000 AND dated_ms < 4102444800000), seq, NULL))
        OVER (PARTITION BY session_key, transcript_id ORDER BY seq)
        FROM compact_messages WHERE session_key IN (SELECT session_key FROM compact_messages
            WHERE dated_ms < 946684800000 OR dated_ms >= 4102444800000);
    UPDATE compact_messages SET dated_ms = (SELECT iif(b.dated_ms >= 946684800000
        AND b.dated_ms < 4102444800000, b.dated_ms, b.timestamp_ms)
        FROM temp.placed p JOIN compact_messages b ON b.seq = p.near_seq
        WHERE p.seq = compact_messages.seq)
        WHERE dated_ms < 946684800000 OR dated_ms >= 4102444800000;
    DROP TABLE temp.placed;
    UPDATE compact_usage SET timestamp_ms = (SELECT dated_ms FROM compact_messages
        WHERE seq = carrier_seq)
        WHERE timestamp_ms < 946684800000 OR timestamp_ms >= 4102444800000;
    UPDATE compact_usage_rows SET timestamp_ms = NULL
        WHERE timestamp_ms < 946684800000 OR timestamp_ms >= 4102444800000;
    UPDATE sessions SET (started_ms, updated_ms) = (SELECT min(timestamp_ms), max(timestamp_ms)
        FROM compact_messages WHERE session_key = (SELECT key FROM ids WHERE id = sessions.id))
        WHERE min(started_ms, updated_ms) < 946684800000
        OR max(started_ms, updated_ms) >= 4102444800000;
    -- A session without any date would be in no list: when its file was changed, or now.
    UPDATE sessions SET updated_ms = coalesce((SELECT max(mtime_ns) / 1000000 FROM transcripts
        WHERE session_id = sessions.id AND mtime_ns >= 946684800000000000
        AND mtime_ns < 4102444800000000000), strftime('%s', 'now') * 1000)
        WHERE updated_ms IS NULL;
    UPDATE sessions SET started_ms = updated_ms WHERE started_ms IS NULL;
    UPDATE sessions SET forked_ms = NULL
        WHERE forked_ms < 946684800000 OR forked_ms >= 4102444800000;
    UPDATE remote SET newest_ms = coalesce((SELECT updated_ms FROM sessions
        WHERE id = session_id), 0) WHERE newest_ms >= 4102444800000;
    """,
    """
    -- The id that a session has at the destination, where that has named it: links lead to it.
    ALTER TABLE remote ADD COLUMN document_id TEXT;
    """,
    """
    -- Gateways number calls: results were taken for those of other calls that have the same id, and
    -- what these must not show was stored. So their sessions are read again; `numbered_calls` does
    -- before what can be done without their transcripts, as these may be gone.
    CREATE TEMP TABLE numbered AS SELECT DISTINCT s.id FROM compact_messages m
        JOIN ids s ON s.key = m.session_key WHERE m.seq IN (
            SELECT message_seq FROM parts WHERE kind = 'tool-call' AND is_numbered(tool_use_id)
            UNION
            SELECT message_seq FROM parts WHERE kind = 'tool-result' AND is_numbered(tool_use_id));
    INSERT INTO meta SELECT 'numbered_calls', 'due' WHERE EXISTS (SELECT 1 FROM temp.numbered);
    UPDATE transcripts SET offset = 0, head = x'', marker = x'', size = -1, lines = 0
        WHERE session_id IN (SELECT id FROM temp.numbered) OR id IN (SELECT m.transcript_id
            FROM compact_messages m JOIN ids s ON s.key = m.session_key
            WHERE s.id IN (SELECT id FROM temp.numbered));
    DROP TABLE temp.numbered;
    """,
    """
    -- The list of sessions says where the API failed: few rows are such errors, of any session.
    CREATE INDEX messages_api_errors ON compact_messages (session_key)
        WHERE kind = 'api_error' AND role = 'assistant' AND NOT is_inherited;
    """,
    """
    -- SQLite reads each row of these indexes' sessions, to see what the index says of all of them,
    -- unless it has that column too. And what is excluded is asked for in every sum.
    DROP INDEX sessions_project;
    DROP INDEX sessions_model;
    DROP INDEX sessions_branch;
    DROP INDEX sessions_host;
    CREATE INDEX sessions_project
        ON sessions (project_path, updated_ms, is_conversation, is_excluded) WHERE NOT is_excluded;
    CREATE INDEX sessions_model
        ON sessions (model, updated_ms, is_conversation, is_excluded) WHERE NOT is_excluded;
    CREATE INDEX sessions_branch
        ON sessions (git_branch, updated_ms, is_conversation, is_excluded) WHERE NOT is_excluded;
    CREATE INDEX sessions_host
        ON sessions (host, updated_ms, is_conversation, is_excluded) WHERE NOT is_excluded;
    CREATE INDEX sessions_excluded ON sessions (is_excluded) WHERE is_excluded;
    """,
    """
    -- An upsert that updates a row makes ABORT of OR IGNORE in the triggers that it fires: to
    -- exclude a session whose calls were due ended the daemon. DO NOTHING stays what it is.
    DROP TRIGGER parts_removed;
    CREATE TRIGGER parts_removed AFTER DELETE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        DELETE FROM indexed_texts WHERE seq = old.message_seq;
        INSERT INTO search_due VALUES (old.message_seq) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER parts_changed;
    CREATE TRIGGER parts_changed AFTER UPDATE ON parts BEGIN
        DELETE FROM search WHERE rowid = old.message_seq;
        DELETE FROM indexed_texts WHERE seq = old.message_seq;
        INSERT INTO search_due VALUES (old.message_seq) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER messages_replaced;
    CREATE TRIGGER messages_replaced AFTER UPDATE OF digest ON compact_messages BEGIN
        INSERT INTO search_due VALUES (new.seq) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER calls_removed;
    CREATE TRIGGER calls_removed AFTER DELETE ON parts WHEN old.kind = 'tool-result' BEGIN
        INSERT INTO calls_due VALUES (old.message_seq) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER calls_changed;
    CREATE TRIGGER calls_changed AFTER UPDATE ON parts WHEN old.kind = 'tool-result' BEGIN
        INSERT INTO calls_due VALUES (old.message_seq) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER calls_copied;
    CREATE TRIGGER calls_copied AFTER UPDATE OF is_inherited, timestamp_ms ON compact_messages
    WHEN old.is_inherited <> new.is_inherited OR old.timestamp_ms IS NOT new.timestamp_ms BEGIN
        INSERT INTO calls_due SELECT message_seq FROM parts
            WHERE message_seq = new.seq AND kind = 'tool-result' ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER calls_of_added_session;
    CREATE TRIGGER calls_of_added_session AFTER INSERT ON sessions BEGIN
        INSERT INTO calls_due SELECT seq FROM compact_messages
            WHERE session_key = (SELECT key FROM ids WHERE id = new.id) ON CONFLICT DO NOTHING;
    END;
    DROP TRIGGER calls_of_session;
    CREATE TRIGGER calls_of_session AFTER UPDATE OF is_excluded, project_path ON sessions
    WHEN old.is_excluded <> new.is_excluded OR old.project_path IS NOT new.project_path BEGIN
        INSERT INTO calls_due SELECT seq FROM compact_messages
            WHERE session_key = (SELECT key FROM ids WHERE id = new.id) ON CONFLICT DO NOTHING;
        DELETE FROM call_names WHERE name = old.project_path AND NOT EXISTS (SELECT 1 FROM sessions
            WHERE project_path = old.project_path AND NOT is_excluded);
    END;
    """,
)
