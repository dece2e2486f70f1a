import { Button, Flex, Text } from "@radix-ui/themes";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { change, phoneMessagesQuery, phonesQuery } from "../api/queries.ts";
import type { Phone, PhoneMessage } from "../api/types.ts";
import { Field } from "../parts/field.tsx";
import { Failure, Loaded } from "../parts/loaded.tsx";
import { SendForm } from "../parts/send-form.tsx";
import { text } from "../strings.ts";

/** The sandbox's phones as phones: what each has decrypted, and a line to write from it. */
export function PhonesPage() {
  const phones = useQuery(phonesQuery());
  const [chosen, setChosen] = useState<string>();
  return (
    <Flex direction="column" gap="4">
      <NewPhone />
      <Loaded query={phones}>
        {({ data }) => {
          const phone = data.find((one) => one.phone === chosen) ?? data[0];
          if (phone === undefined) return <Text color="gray">{text.noPhones}</Text>;
          return (
            <div className="columns">
              <nav className="chat-list scroll" aria-label={text.phones}>
                {data.map((one) => (
                  <PhoneButton
                    key={one.phone}
                    phone={one}
                    isChosen={one === phone}
                    onChoose={() => setChosen(one.phone)}
                  />
                ))}
              </nav>
              <Screen key={phone.phone} phone={phone.phone} />
            </div>
          );
        }}
      </Loaded>
    </Flex>
  );
}

function PhoneButton({
  phone,
  isChosen,
  onChoose,
}: {
  phone: Phone;
  isChosen: boolean;
  onChoose: () => void;
}) {
  const devices = phone.linked_devices.map(({ name }) => name).join(", ");
  return (
    <button type="button" aria-pressed={isChosen} onClick={onChoose}>
      <Text as="div" size="2" weight="medium" truncate>
        {phone.name}
      </Text>
      <Text as="div" size="1" color="gray" truncate>
        {`+${phone.phone} · ${devices === "" ? text.notPaired : devices}`}
      </Text>
    </button>
  );
}

function Screen({ phone }: { phone: string }) {
  const queries = useQueryClient();
  const messages = useQuery(phoneMessagesQuery(phone));
  const [to, setTo] = useState("");
  const partner = to === "" ? lastPartner(messages.data?.data ?? []) : to;
  const send = async (message: string) => {
    await change.phoneSend(phone, { to: partner, text: message });
    await queries.invalidateQueries({ queryKey: ["phones", phone] });
  };
  return (
    <Flex direction="column" minHeight="0" gap="2">
      <section className="conversation scroll" style={{ flex: 1 }} aria-label={`+${phone}`}>
        <Loaded query={messages}>
          {({ data }) =>
            data.length === 0 ? (
              <Text color="gray">{text.noMessages}</Text>
            ) : (
              data.map((message) => <PhoneBubble key={message.id} message={message} />)
            )
          }
        </Loaded>
      </section>
      <Field
        label={text.to}
        placeholder={partner}
        inputMode="tel"
        value={to}
        onChange={(event) => setTo(event.target.value)}
      />
      <SendForm send={send} />
    </Flex>
  );
}

function PhoneBubble({ message }: { message: PhoneMessage }) {
  return (
    <div className="bubble" data-direction={message.direction}>
      <Text as="div" size="1" color="gray">
        {message.direction === "in" ? `${text.messageFrom} +${message.from}` : `+${message.to}`}
      </Text>
      <Text as="div" size="2">
        {message.text ?? `[${message.type}]`}
      </Text>
      <Text as="div" size="1" color="gray">
        {message.status}
      </Text>
    </div>
  );
}

function NewPhone() {
  const queries = useQueryClient();
  const [phone, setPhone] = useState("");
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => change.createPhone({ phone, name }),
    onSuccess: async () => {
      setPhone("");
      setName("");
      await queries.invalidateQueries({ queryKey: ["phones"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Flex gap="3" align="end" wrap="wrap">
        <Field
          label={text.phoneNumber}
          inputMode="tel"
          required
          value={phone}
          onChange={(event) => setPhone(event.target.value)}
        />
        <Field
          label={text.name}
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" loading={create.isPending}>
          {text.createPhone}
        </Button>
      </Flex>
      <Failure error={create.error} />
    </form>
  );
}

/** Whom the last message was exchanged with. */
function lastPartner(messages: PhoneMessage[]): string {
  const last = messages.at(-1);
  if (last === undefined) return "";
  return last.direction === "in" ? last.from : last.to;
}
