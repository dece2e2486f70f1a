import { AlertDialog, Button, Card, Dialog, Flex, Grid, Heading, Text } from "@radix-ui/themes";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { change, sessionsQuery } from "../api/queries.ts";
import type { Session } from "../api/types.ts";
import { Field } from "../parts/field.tsx";
import { Failure, Loaded } from "../parts/loaded.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Time } from "../parts/time.tsx";
import { text } from "../strings.ts";
import { PairDialog } from "./pair-dialog.tsx";

/** The tenant's sessions: what state each is in, why, and what can be done about it. */
export function SessionsPage({ hasPhones }: { hasPhones: boolean }) {
  const sessions = useQuery(sessionsQuery());
  return (
    <Flex direction="column" gap="4" align="start">
      <NewSession />
      <Loaded query={sessions}>
        {({ data }) =>
          data.length === 0 ? (
            <Text color="gray">{text.noSessions}</Text>
          ) : (
            <Grid columns={{ initial: "1", md: "2" }} gap="3" width="100%">
              {data.map((session) => (
                <SessionCard key={session.session_id} session={session} hasPhones={hasPhones} />
              ))}
            </Grid>
          )
        }
      </Loaded>
    </Flex>
  );
}

function SessionCard({ session, hasPhones }: { session: Session; hasPhones: boolean }) {
  const { session_id: id, name, state, phone, last_disconnect: last } = session;
  const queries = useQueryClient();
  const [isPairing, setIsPairing] = useState(false);
  const refresh = () => void queries.invalidateQueries({ queryKey: ["sessions"] });
  const connect = useMutation({ mutationFn: () => change.connect(id), onSettled: refresh });
  const disconnect = useMutation({ mutationFn: () => change.disconnect(id), onSettled: refresh });
  return (
    <Card asChild>
      <article aria-label={name}>
        <Flex justify="between" align="start" gap="2">
          <div>
            <Heading as="h2" size="3">
              {name}
            </Heading>
            <Text as="p" size="2" color="gray">
              {id}
              {phone === null ? "" : ` · +${phone}`}
            </Text>
          </div>
          <StateBadge state={state} />
        </Flex>
        {state === "connected" || last === null ? null : (
          <Text as="p" size="2" mt="2">
            {last.detail ?? last.reason} (<Time at={last.at} />)
          </Text>
        )}
        <Failure error={connect.error ?? disconnect.error} />
        <Flex gap="2" mt="3" wrap="wrap">
          {state === "connected" ? (
            <Button asChild variant="soft">
              <Link href={`/inbox?session=${encodeURIComponent(id)}`}>{text.openInbox}</Link>
            </Button>
          ) : phone === null ? (
            <Button onClick={() => setIsPairing(true)}>{text.pair}</Button>
          ) : (
            <Button variant="soft" loading={connect.isPending} onClick={() => connect.mutate()}>
              {text.connect}
            </Button>
          )}
          {state === "disconnected" || state === "created" ? null : (
            <Button
              variant="soft"
              color="gray"
              loading={disconnect.isPending}
              onClick={() => disconnect.mutate()}
            >
              {text.disconnect}
            </Button>
          )}
          <PairDialog
            sessionId={id}
            hasPhones={hasPhones}
            isOpen={isPairing}
            onOpenChange={setIsPairing}
          />
          <DeleteSession id={id} onDeleted={refresh} />
        </Flex>
      </article>
    </Card>
  );
}

function NewSession() {
  const queries = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => change.createSession({ session_id: id, name: name === "" ? id : name }),
    onSuccess: async () => {
      setIsOpen(false);
      setId("");
      setName("");
      await queries.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog.Root open={isOpen} onOpenChange={setIsOpen}>
      <Dialog.Trigger>
        <Button>{text.newSession}</Button>
      </Dialog.Trigger>
      <Dialog.Content maxWidth="26rem" aria-describedby={undefined}>
        <Dialog.Title>{text.newSession}</Dialog.Title>
        <form onSubmit={submit}>
          <Flex direction="column" gap="3">
            <Field
              label={text.sessionId}
              hint={text.sessionIdHint}
              required
              value={id}
              onChange={(event) => setId(event.target.value)}
            />
            <Field
              label={text.name}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Failure error={create.error} />
            <Flex gap="2" justify="end">
              <Dialog.Close>
                <Button type="button" variant="soft" color="gray">
                  {text.cancel}
                </Button>
              </Dialog.Close>
              <Button type="submit" loading={create.isPending}>
                {text.create}
              </Button>
            </Flex>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}

function DeleteSession({ id, onDeleted }: { id: string; onDeleted: () => void }) {
  const remove = useMutation({ mutationFn: () => change.deleteSession(id), onSuccess: onDeleted });
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger>
        <Button variant="soft" color="red" loading={remove.isPending}>
          {text.deleteSession}
        </Button>
      </AlertDialog.Trigger>
      <AlertDialog.Content maxWidth="26rem">
        <AlertDialog.Title>{`${text.deleteSession}: ${id}`}</AlertDialog.Title>
        <AlertDialog.Description>{text.deleteWarning}</AlertDialog.Description>
        <Failure error={remove.error} />
        <Flex gap="2" justify="end" mt="4">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray">
              {text.cancel}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color="red" onClick={() => remove.mutate()}>
              {text.deleteSession}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  );
}
