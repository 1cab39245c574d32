/**
 * What the API answers, as far as the page looks at it; the fields' meanings stand in the protos.
 *
 * @module
 */

/** `chat.MessageResponse`. */
export interface Message {
  readonly id: number;
  readonly content: string;
  readonly username: string;
  readonly room: string;
  readonly seq: number;
  readonly version: number;
  readonly event_type: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly client_message_id: string;
  readonly deleted: boolean;
  readonly decisions?: readonly { readonly plugin: string; readonly decision: string; readonly reason: string }[];
}

/** `chat.GetMessagesResponse`. */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly total_count: number;
  readonly has_more: boolean;
  readonly next_seq: number;
  readonly head_seq: number;
}

/** `chat.RoomResponse`. */
export interface Room {
  readonly room: string;
  readonly title: string;
  readonly description: string;
  readonly restricted: boolean;
  readonly documents: boolean;
  readonly head_seq: number;
}

/** `chat.SentimentResponse`. */
export interface Mood {
  readonly sentiment: string;
  readonly confidence: number;
}

/** Who uses the page, as `/v1/session` tells it. */
export interface Session {
  readonly kind: string;
  readonly name: string;
  readonly scopes: readonly string[];
}
