import { Flex, Text, TextField } from "@radix-ui/themes";
import { useId } from "react";

/** A text field with its label and, below it, a hint. */
export function Field({
  label,
  hint,
  ...field
}: { label: string; hint?: string } & TextField.RootProps) {
  const id = useId();
  return (
    <Flex direction="column" gap="1">
      <Text as="label" size="2" weight="medium" htmlFor={id}>
        {label}
      </Text>
      <TextField.Root
        id={id}
        {...field}
        {...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` })}
      />
      {hint === undefined ? null : (
        <Text size="1" color="gray" id={`${id}-hint`}>
          {hint}
        </Text>
      )}
    </Flex>
  );
}
