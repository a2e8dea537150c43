// Names of the two networks' losses and accuracies, as people write them.
const NETWORKS = {
  d: "dis|disc|discriminator|critic|d",
  g: "adv|gen|generator|g",
};
const KINDS = { loss: "loss|err|error", acc: "acc|accuracy" };

const patterns = Object.entries(NETWORKS).flatMap(([network, words]) =>
  Object.entries(KINDS).map(([kind, says]) => ({
    network, kind, // dis_loss, loss_D, errD, lossG, D/loss, train_d_loss
    pattern: new RegExp(`^(?<prefix>(?:.*[/_.-])?)(?:(?:${words})[/_. -]?(?:${says})|(?:${says})[/_. -]?(?:${words}))$`, "i"),
  })));

// {prefix, network: "d" or "g", kind: "loss" or "acc"}, or null.
export function role(name) {
  for (const { network, kind, pattern } of patterns) {
    const found = name.match(pattern);
    if (found) return { prefix: found.groups.prefix, network, kind };
  }
  return null;
}

export const LOOKED_FOR = "dis_loss and adv_loss, d_loss and g_loss, loss_D and loss_G, errD and errG, and the same with acc; a prefix such as train_ may come before";

// The names that the ready panel shows: those of one prefix, the shortest.
export function balance(names) {
  const found = names.filter((name) => role(name));
  const prefixes = found.map((name) => role(name).prefix);
  const first = prefixes.sort((a, b) => a.length - b.length || a.localeCompare(b))[0];
  return found.filter((name) => role(name).prefix === first);
}
