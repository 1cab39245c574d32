/**
 * What a system of many rooms, replicas and subscribers comes to, by arithmetic: the program's own rules (group commit, coalesced wake-ups, one read
 * at a time for each room and replica, encode once) fed with what one replica and one database were measured to do.
 *
 * @module
 */

/** What one part can do in a second, as measured. */
export interface Capacities {
  /** Messages that the database commits, over many rooms, in groups. */
  readonly commitsPerSecond: number;
  /** Reads of a room's newest events that the database answers. */
  readonly readsPerSecond: number;
  /** Wake-ups that one replica takes in. */
  readonly wakeUpsPerSecond: number;
  /** Messages that one replica hands to subscribers. */
  readonly deliveriesPerSecond: number;
  /** Bytes of a message on its way to a subscriber. */
  readonly messageBytes: number;
}

/** A load, spread evenly. */
export interface Load {
  readonly rooms: number;
  readonly replicas: number;
  readonly subscribersPerRoom: number;
  readonly messagesPerRoomSecond: number;
}

/** What a load makes each part do in a second, and the share of what it can do. */
export interface Forecast {
  readonly commits: number;
  /** Published by all replicas together. */
  readonly wakeUpsSent: number;
  /** Taken in by each replica. */
  readonly wakeUpsPerReplica: number;
  /** By all replicas together. */
  readonly reads: number;
  /** From the database to all replicas. */
  readonly bytesRead: number;
  /** By each replica. */
  readonly deliveriesPerReplica: number;
  /** From all replicas to subscribers. */
  readonly bytesDelivered: number;
  /** 1: all that it can do. */
  readonly busy: {
    readonly "database, writes": number;
    readonly "database, reads": number;
    readonly "wake-ups": number;
    readonly "delivery": number;
  };
  /** The busiest part. */
  readonly limit: string;
}

/** A replica sends a room's wake-ups at most this often. */
const WAKE_UPS_PER_ROOM_SECOND = 100;

/** Works out a load. Writers and subscribers are spread evenly over the replicas. */
export function forecast({ rooms, replicas, subscribersPerRoom, messagesPerRoomSecond }: Load, can: Capacities): Forecast {
  const commits = rooms * messagesPerRoomSecond;
  const sentPerRoomAndReplica = Math.min(messagesPerRoomSecond / replicas, WAKE_UPS_PER_ROOM_SECOND);
  const wakeUpsSent = rooms * replicas * sentPerRoomAndReplica;
  const wakeUpsPerReplica = rooms * (replicas - 1) * sentPerRoomAndReplica;
  // A replica reads a room that it has a subscriber of, when another one has written; its own commits it has already.
  const replicasThatFollow = replicas * (1 - (1 - 1 / replicas) ** subscribersPerRoom);
  const reads = rooms * replicasThatFollow * (replicas - 1) * sentPerRoomAndReplica;
  const bytesRead = commits * replicasThatFollow * (1 - 1 / replicas) * can.messageBytes;
  const deliveries = commits * subscribersPerRoom;
  const busy = {
    "database, writes": commits / can.commitsPerSecond,
    "database, reads": reads / can.readsPerSecond,
    "wake-ups": wakeUpsPerReplica / can.wakeUpsPerSecond,
    "delivery": deliveries / replicas / can.deliveriesPerSecond,
  };
  const [limit = ""] = Object.entries(busy).toSorted(([, left], [, right]) => right - left)[0] ?? [];
  return {
    commits,
    wakeUpsSent,
    wakeUpsPerReplica,
    reads,
    bytesRead,
    deliveriesPerReplica: deliveries / replicas,
    bytesDelivered: deliveries * can.messageBytes,
    busy,
    limit,
  };
}
