"""Faults of processes and connections. Each takes the cluster, a seeded source of chance and the history, and returns when it is healed."""

import asyncio
import time

from link import delayed


async def kill_node(cluster, random, history):
    """kill -9 of a server, started again at once."""
    node = random.choice(cluster.nodes)
    await node.kill()
    await node.start()


async def restart_node(cluster, random, history):
    """SIGTERM, and a new start."""
    await _restart(random.choice(cluster.nodes), history)


async def restart_all(cluster, random, history):
    """SIGTERM and a new start of one server after the other, each when the one before is ready again."""
    for node in cluster.nodes:
        await _restart(node, history)
        await cluster.until_ready()


async def _restart(node, history):
    history.drains.append(await node.terminate())
    await node.start()


async def stop_owner(cluster, random, history, seconds=10):
    """SIGSTOP of a server that runs a session, SIGCONT after ten seconds."""
    node = await cluster.owner()
    node.stop()
    try:
        await asyncio.sleep(seconds)
    finally:
        node.go_on()


async def stop_node(cluster, random, history):
    """SIGSTOP of a server for about as long as a lease lasts, SIGCONT."""
    node = random.choice(cluster.nodes)
    node.stop()
    try:
        await asyncio.sleep(random.uniform(0.5, 4.5))
    finally:
        node.go_on()


async def kill_postgres(cluster, random, history):
    """kill -9 of PostgreSQL and its children, started again after up to four seconds."""
    await asyncio.to_thread(cluster.postgres.kill)
    gone = time.monotonic()
    await asyncio.sleep(random.uniform(0, 4))
    history.outages.append((gone, time.monotonic()))
    await asyncio.to_thread(cluster.postgres.start)


async def hang_postgres(cluster, random, history):
    """SIGSTOP of PostgreSQL and its children, SIGCONT."""
    cluster.postgres.hang()
    try:
        await asyncio.sleep(random.uniform(0.5, 6))
    finally:
        cluster.postgres.go_on()


async def kill_redis(cluster, random, history):
    """kill -9 of Redis; it comes back empty after up to five seconds."""
    cluster.redis.kill()
    await asyncio.sleep(random.uniform(0, 5))
    assert await asyncio.to_thread(cluster.redis.start)


async def lose_redis(cluster, random, history, seconds=30):
    """Redis is gone for thirty seconds, and comes back empty."""
    cluster.redis.kill()
    await asyncio.sleep(seconds)
    assert await asyncio.to_thread(cluster.redis.start)


async def cut_clients(cluster, random, history):
    """The connections of a server's clients are cut, after it answered into the void for a moment."""
    await random.choice(cluster.nodes).clients.lose(random.uniform(0, 0.3))


async def cut_database(cluster, random, history):
    """A server loses its connections to the database after commits without confirmation, and gets no new ones for up to five seconds."""
    link = random.choice(cluster.nodes).database
    link.refuses = True
    await link.lose(random.uniform(0, 0.1))
    await asyncio.sleep(random.uniform(0, 5))
    link.refuses = False


async def cut_redis(cluster, random, history):
    """A server's connection to Redis is cut."""
    random.choice(cluster.nodes).redis.cut()


async def delay_links(cluster, random, history):
    """Everything of one server takes longer for a while."""
    node = random.choice(cluster.nodes)
    link = random.choice([node.clients, node.database, node.redis])
    async with delayed(link, random.uniform(0.02, 0.2)):
        await asyncio.sleep(random.uniform(1, 3))


BY_NAME = {
    "kill-node": kill_node,
    "restart-node": restart_node,
    "restart-all": restart_all,
    "stop-owner": stop_owner,
    "stop-node": stop_node,
    "kill-postgres": kill_postgres,
    "hang-postgres": hang_postgres,
    "kill-redis": kill_redis,
    "lose-redis": lose_redis,
    "cut-clients": cut_clients,
    "cut-database": cut_database,
    "cut-redis": cut_redis,
    "delay": delay_links,
}


def drawn(names, count, random):
    """So many faults: each name in turn before one comes twice, in the order of chance."""
    chosen = []
    while len(chosen) < count:
        chosen += random.sample(names, len(names))
    return chosen[:count]
