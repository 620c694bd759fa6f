"""The views: rows with their ids, and what a prompt's and a cache write's tokens are.

Each connection has its own temporary ones, so that a change here needs no migration. They must not
be stored in the file: with a view in it, some versions of SQLite skip the free pages in
`quick_check`, and a corrupt database would be taken for a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.id_groups import add_group_function
from ccsync_watch.store.id_keys import add_uuid_functions

if TYPE_CHECKING:
    import sqlite3

_VIEWS = (
    # The tables with keys (see `id_keys`) with the ids, for reading.
    """
    CREATE TEMP VIEW messages AS SELECT m.seq,
        CASE typeof(m.own_id) WHEN 'text' THEN m.own_id WHEN 'null'
            THEN s.id || ':' || uuid_text(m.uuid_key)
            ELSE s.id || ':' || m.agent_id || ':' || uuid_text(m.uuid_key) END AS id,
        s.id AS session_id, m.agent_id, uuid_text(m.uuid_key) AS uuid,
        uuid_text(m.parent_key) AS parent_uuid, m.transcript_id, m.start, m.role, m.kind,
        m.timestamp_ms, m.dated_ms, (SELECT id FROM ids WHERE key = m.model_key) AS model,
        (SELECT id FROM ids WHERE key = m.usage_key) AS usage_id, m.is_inherited, m.facts,
        m.digest, m.session_key, m.own_id, m.uuid_key, m.parent_key, m.model_key, m.usage_key
    FROM compact_messages m JOIN ids s ON s.key = m.session_key
    """,
    """
    CREATE TEMP VIEW usage AS SELECT k.id, s.id AS session_id, u.agent_id, u.model, u.timestamp_ms,
        u.input_tokens, u.output_tokens, u.cache_write_5m_tokens, u.cache_write_1h_tokens,
        u.cache_read_tokens, u.web_searches, u.tier, u.is_marked, u.carrier_seq,
        (SELECT id FROM messages WHERE seq = u.carrier_seq) AS carrier, u.is_final, u.is_fast,
        u.is_us_only, u.cost_usd,
        iif(typeof(u.response) = 'text', u.response, substr(k.id, 1, u.response)) AS response_id,
        u.request_id, u.counted_in, u.iterations, u.key, u.session_key
    FROM compact_usage u JOIN ids k ON k.key = u.key JOIN ids s ON s.key = u.session_key
    """,
    """
    CREATE TEMP VIEW usage_rows AS SELECT k.id AS usage_id, s.id AS session_id, r.agent_id,
        uuid_text(r.uuid_key) AS uuid, r.start,
        (SELECT id FROM ids WHERE key = r.owner_key) AS owner, r.is_marked, r.prompt_tokens,
        r.output_tokens, r.timestamp_ms, r.usage_key, r.session_key, r.uuid_key, r.owner_key
    FROM compact_usage_rows r JOIN ids k ON k.key = r.usage_key JOIN ids s ON s.key = r.session_key
    """,
    # One row per response. `prompt_tokens` is everything that was sent to the model.
    """
    CREATE TEMP VIEW usage_tokens AS SELECT id, session_id, agent_id, carrier, model, timestamp_ms,
        input_tokens, output_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
        cache_write_5m_tokens + cache_write_1h_tokens AS cache_write_tokens, cache_read_tokens,
        input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens
            AS prompt_tokens,
        web_searches, is_fast, is_us_only, is_final, tier, cost_usd, response_id, iterations
    FROM usage WHERE counted_in IS NULL
    """,
    # One row per request of those responses that were made by several and have no own price.
    """
    CREATE TEMP VIEW usage_iterations AS SELECT u.id, u.session_id, u.agent_id, u.model,
        u.timestamp_ms, json_extract(i.value, '$[0]') AS input_tokens,
        json_extract(i.value, '$[1]') AS output_tokens,
        json_extract(i.value, '$[2]') AS cache_write_5m_tokens,
        json_extract(i.value, '$[3]') AS cache_write_1h_tokens,
        json_extract(i.value, '$[4]') AS cache_read_tokens,
        iif(i.key = 0, u.web_searches, 0) AS web_searches, u.is_fast, u.is_us_only, u.is_final,
        u.tier,
        i.key = 0 AS responses
    FROM usage_tokens u JOIN json_each(u.iterations) i
    WHERE u.iterations IS NOT NULL AND u.cost_usd IS NULL
    """,
    # One row per request with a price of its own, which may depend on `prompt_tokens`. `responses`
    # is 1 for the first request of a response, 0 for the others: its sum counts responses.
    """
    CREATE TEMP VIEW usage_requests AS
    SELECT id, session_id, agent_id, model, timestamp_ms, input_tokens, output_tokens,
        cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, prompt_tokens,
        web_searches, is_fast, is_us_only, is_final, tier, cost_usd, 1 AS responses
    FROM usage_tokens WHERE iterations IS NULL OR cost_usd IS NOT NULL
    UNION ALL
    SELECT id, session_id, agent_id, model, timestamp_ms, input_tokens, output_tokens,
        cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens,
        input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens,
        web_searches, is_fast, is_us_only, is_final, tier, NULL, responses
    FROM usage_iterations
    """,
    # One row per session that used tokens; ask for one by its `session_id`.
    """
    CREATE TEMP VIEW session_tokens AS SELECT session_id,
        sum(substr(id, 1, 11) <> 'web-search/') AS responses,
        sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_write_tokens) AS cache_write_tokens,
        sum(cache_read_tokens) AS cache_read_tokens, sum(prompt_tokens) AS prompt_tokens
    FROM usage_tokens GROUP BY session_id
    """,
)


def create_views(connection: sqlite3.Connection) -> None:
    """Create the views for one connection; the tables need not exist yet."""
    add_uuid_functions(connection)
    add_group_function(connection)
    for statement in _VIEWS:
        connection.execute(statement)
