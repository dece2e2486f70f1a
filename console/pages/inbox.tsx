import { Flex, Select, Text } from "@radix-ui/themes";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { change, messagesQuery, sessionsQuery } from "../api/queries.ts";
import type { Message, Session } from "../api/types.ts";
import { Field } from "../parts/field.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { SendForm } from "../parts/send-form.tsx";
import { messageStatuses, text } from "../strings.ts";

/** The latest messages of a session by chat, each with its status and, if it failed, why. */
export function InboxPage() {
  const sessions = useQuery(sessionsQuery());
  const [search, setSearch] = useSearchParams();
  return (
    <Loaded query={sessions}>
      {({ data }) => {
        const session = data.find(({ session_id: id }) => id === search.get("session")) ?? data[0];
        if (session === undefined) return <Text color="gray">{text.noSessions}</Text>;
        return (
          <Flex direction="column" gap="3">
            <SessionSelect
              sessions={data}
              chosen={session.session_id}
              onChoose={(id) => setSearch({ session: id })}
            />
            <Chats key={session.session_id} session={session.session_id} />
          </Flex>
        );
      }}
    </Loaded>
  );
}

function SessionSelect({
  sessions,
  chosen,
  onChoose,
}: {
  sessions: Session[];
  chosen: string;
  onChoose: (id: string) => void;
}) {
  return (
    <Select.Root value={chosen} onValueChange={onChoose}>
      <Select.Trigger aria-label={text.chooseSession} />
      <Select.Content>
        {sessions.map(({ session_id: id, name }) => (
          <Select.Item key={id} value={id}>
            {name}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  );
}

function Chats({ session }: { session: string }) {
  const messages = useQuery(messagesQuery(session, undefined));
  const [chosen, setChosen] = useState<string>();
  return (
    <Loaded query={messages}>
      {({ data }) => {
        const latest = latestByChat(data);
        const known = latest.find(({ chat_id: id, phone }) => chosen === id || chosen === phone);
        const chat = known?.chat_id ?? chosen ?? latest[0]?.chat_id;
        return (
          <div className="columns">
            <div>
              <NewChat onStart={setChosen} />
              <nav className="chat-list scroll" aria-label={text.chats}>
                {latest.map((message) => (
                  <button
                    key={message.chat_id}
                    type="button"
                    aria-pressed={message.chat_id === chat}
                    onClick={() => setChosen(message.chat_id)}
                  >
                    <Text as="div" size="2" weight="medium" truncate>
                      {chatName(message)}
                    </Text>
                    <Text as="div" size="1" color="gray" truncate>
                      {message.text ?? message.type}
                    </Text>
                  </button>
                ))}
              </nav>
            </div>
            {chat === undefined ? (
              <Text color="gray">{text.noChats}</Text>
            ) : (
              <Conversation key={chat} session={session} chat={chat} />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

function NewChat({ onStart }: { onStart: (chat: string) => void }) {
  const [phone, setPhone] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onStart(phone);
        setPhone("");
      }}
    >
      <Field
        label={text.newChat}
        hint={text.phoneNumberHint}
        inputMode="tel"
        required
        value={phone}
        onChange={(event) => setPhone(event.target.value)}
      />
    </form>
  );
}

function Conversation({ session, chat }: { session: string; chat: string }) {
  const queries = useQueryClient();
  const messages = useQuery(messagesQuery(session, chat));
  const send = async (message: string) => {
    await change.send(session, { to: chat, message });
    await queries.invalidateQueries({ queryKey: ["messages", session] });
  };
  return (
    <Flex direction="column" minHeight="0">
      <section className="conversation scroll" style={{ flex: 1 }} aria-label={text.inbox}>
        <Loaded query={messages}>
          {({ data }) =>
            data.length === 0 ? (
              <Text color="gray">{text.noMessages}</Text>
            ) : (
              data.toReversed().map((message) => <Bubble key={message.id} message={message} />)
            )
          }
        </Loaded>
      </section>
      <SendForm send={send} />
    </Flex>
  );
}

function Bubble({ message }: { message: Message }) {
  return (
    <div className="bubble" data-direction={message.direction}>
      <Text as="div" size="2">
        {message.text ?? `[${message.type}]`}
      </Text>
      <Text as="div" size="1" color={message.status === "FAILED" ? "red" : "gray"}>
        {messageStatuses[message.status] ?? message.status}
        {message.error === null ? "" : `: ${message.error.message}`}
      </Text>
    </div>
  );
}

/** The latest message of each chat, newest first. */
function latestByChat(messages: Message[]): Message[] {
  const seen = new Map<string, Message>();
  for (const message of messages) {
    if (!seen.has(message.chat_id)) seen.set(message.chat_id, message);
  }
  return [...seen.values()];
}

function chatName({ phone, chat_id: chat }: Message): string {
  return phone === null ? chat : `+${phone}`;
}
