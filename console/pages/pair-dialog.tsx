import { Button, Callout, Code, Dialog, Flex, Select, Tabs, Text } from "@radix-ui/themes";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { change, phonesQuery, qrQuery, sessionQuery } from "../api/queries.ts";
import { Field } from "../parts/field.tsx";
import { Failure, Loaded } from "../parts/loaded.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { text } from "../strings.ts";

/** Links a session to a phone, by QR code or by a code, and shows how it goes. */
export function PairDialog({
  sessionId,
  hasPhones,
  isOpen,
  onOpenChange,
}: {
  sessionId: string;
  hasPhones: boolean;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="30rem" aria-describedby={undefined}>
        <Dialog.Title>{text.pairTitle}</Dialog.Title>
        {isOpen ? <Pairing sessionId={sessionId} hasPhones={hasPhones} /> : null}
        <Flex justify="end" mt="4">
          <Dialog.Close>
            <Button variant="soft" color="gray">
              {text.close}
            </Button>
          </Dialog.Close>
        </Flex>
      </Dialog.Content>
    </Dialog.Root>
  );
}

function Pairing({ sessionId, hasPhones }: { sessionId: string; hasPhones: boolean }) {
  const session = useQuery(sessionQuery(sessionId));
  if (session.data?.state === "connected") {
    return (
      <Callout.Root color="green" role="status">
        <Callout.Text>{text.paired}</Callout.Text>
      </Callout.Root>
    );
  }
  return (
    <Flex direction="column" gap="3">
      {session.data === undefined ? null : (
        <div role="status">
          <StateBadge state={session.data.state} />
        </div>
      )}
      <Tabs.Root defaultValue="qr">
        <Tabs.List>
          <Tabs.Trigger value="qr">{text.pairByQr}</Tabs.Trigger>
          <Tabs.Trigger value="code">{text.pairByCode}</Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="qr">
          <ByQr sessionId={sessionId} hasPhones={hasPhones} />
        </Tabs.Content>
        <Tabs.Content value="code">
          <ByCode sessionId={sessionId} />
        </Tabs.Content>
      </Tabs.Root>
    </Flex>
  );
}

function ByQr({ sessionId, hasPhones }: { sessionId: string; hasPhones: boolean }) {
  const query = useQuery(qrQuery(sessionId, true));
  return (
    <Flex direction="column" gap="3" mt="3">
      <Text size="2">{text.qrHint}</Text>
      <Loaded query={query}>
        {({ qr, image }) =>
          qr === null || image === null ? (
            <Text color="gray">{text.waitingForQr}</Text>
          ) : (
            <Flex gap="4" wrap="wrap">
              <img className="qr" src={image} alt={text.qrAlt} />
              {hasPhones ? <ScanWithPhone qr={qr} /> : null}
            </Flex>
          )
        }
      </Loaded>
    </Flex>
  );
}

/** Stands in for holding a phone in front of the screen: the sandbox's phones scan this QR code. */
function ScanWithPhone({ qr }: { qr: string }) {
  const phones = useQuery(phonesQuery());
  const [chosen, setChosen] = useState<string>();
  const scan = useMutation({
    mutationFn: async () => {
      const phone = chosen ?? (await newPhone());
      await change.scan(phone, qr);
    },
  });
  return (
    <Flex direction="column" gap="2">
      <Text size="2" weight="medium">
        {text.scanWithPhone}
      </Text>
      <Select.Root
        value={chosen ?? "new"}
        onValueChange={(value) => setChosen(value === "new" ? undefined : value)}
      >
        <Select.Trigger aria-label={text.scanWith} />
        <Select.Content>
          <Select.Item value="new">{text.newPhone}</Select.Item>
          {(phones.data?.data ?? []).map(({ phone, name }) => (
            <Select.Item key={phone} value={phone}>{`${name} (+${phone})`}</Select.Item>
          ))}
        </Select.Content>
      </Select.Root>
      <Button loading={scan.isPending} onClick={() => scan.mutate()}>
        {text.scan}
      </Button>
      <Failure error={scan.error} />
    </Flex>
  );
}

/** A phone with a number that no other has. */
async function newPhone(): Promise<string> {
  const phone = `39333${String(Math.floor(Math.random() * 10_000_000)).padStart(7, "0")}`;
  await change.createPhone({ phone, name: text.newPhone });
  return phone;
}

function ByCode({ sessionId }: { sessionId: string }) {
  const [phone, setPhone] = useState("");
  const pairing = useMutation({ mutationFn: () => change.pairingCode(sessionId, phone) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    pairing.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Flex direction="column" gap="3" mt="3">
        <Field
          label={text.phoneNumber}
          hint={text.phoneNumberHint}
          inputMode="tel"
          required
          value={phone}
          onChange={(event) => setPhone(event.target.value)}
        />
        <Button type="submit" loading={pairing.isPending}>
          {text.getCode}
        </Button>
        <Failure error={pairing.error} />
        {pairing.data === undefined ? null : (
          <div role="status">
            <Text as="p" size="2">
              {text.codeHint}
            </Text>
            <Code size="7">{pairing.data.code}</Code>
          </div>
        )}
      </Flex>
    </form>
  );
}
