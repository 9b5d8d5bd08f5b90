package jot.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import jot.model.BlockPlan;
import jot.model.family.Role;
import jot.model.family.TensorTable;
import jot.model.family.TensorTable.QueryKeyValueLayout;

/** Tensor tables that differ from a given one in one thing each: two names swapped, another layout, another offset of norm weights. */
final class TensorTableMutations {

    /** Roles whose tensors often have one shape, so that swapped names could pass unnoticed. */
    private static final List<List<Role>> SWAPS = List.of(List.of(Role.QUERY, Role.KEY), List.of(Role.KEY, Role.VALUE),
            List.of(Role.GATE, Role.UP), List.of(Role.EXPERT_GATE, Role.EXPERT_UP), List.of(Role.SHARED_GATE, Role.SHARED_UP),
            List.of(Role.ATTENTION_NORM, Role.FEED_FORWARD_NORM), List.of(Role.QUERY_NORM, Role.KEY_NORM),
            List.of(Role.ATTENTION_OUTPUT_NORM, Role.FEED_FORWARD_OUTPUT_NORM), List.of(Role.ATTENTION_NORM, Role.ATTENTION_OUTPUT_NORM));

    private TensorTableMutations() {
    }

    /**
     * A changed table.
     *
     * @param change says what differs
     */
    record Mutation(String change, TensorTable table) {
    }

    /**
     * All changes that can show.
     *
     * @param used roles that the model has tensors for
     * @param block what the tensors are for
     */
    static List<Mutation> of(TensorTable table, Set<Role> used, BlockPlan block) {
        List<Mutation> found = new ArrayList<>();
        // after the rotary positions, only the product of the two weights counts
        boolean productOnly = block.attention().norm().isPresent() && block.attention().norm().get().afterRotary();
        for (List<Role> swap : SWAPS) {
            if (used.containsAll(swap) && !(productOnly && swap.contains(Role.QUERY_NORM))) {
                String first = table.name(swap.get(0)).orElseThrow();
                String second = table.name(swap.get(1)).orElseThrow();
                found.add(new Mutation(swap + " swapped", copy(table).name(swap.get(0), second).name(swap.get(1), first).build()));
            }
        }
        // where all query heads share one head of keys, the layouts are the same
        if (used.contains(Role.QUERY_KEY_VALUE) && block.attention().keyHeads() > 1) {
            QueryKeyValueLayout other = table.queryKeyValueLayout() == QueryKeyValueLayout.CONCATENATED
                    ? QueryKeyValueLayout.BY_HEAD : QueryKeyValueLayout.CONCATENATED;
            found.add(new Mutation("queries, keys and values " + other, copy(table).queryKeyValue(other).build()));
        }
        if (used.contains(Role.ATTENTION_NORM) || used.contains(Role.FINAL_NORM)) {
            found.add(new Mutation("offset of norm weights " + (1 - table.normOffset()),
                    copy(table).normOffset(1 - table.normOffset()).build()));
        }
        return found;
    }

    private static TensorTable.Builder copy(TensorTable table) {
        TensorTable.Builder copy = TensorTable.withPrefixes(table.prefixes().toArray(String[]::new))
                .queryKeyValue(table.queryKeyValueLayout()).experts(table.expertLayout()).normOffset(table.normOffset());
        for (Role role : Role.values()) {
            table.name(role).ifPresent(name -> copy.name(role, name));
            table.biasName(role).ifPresent(name -> copy.bias(role, name));
        }
        if (table.transposed()) {
            copy.transposed();
        }
        return copy.leaveOut(".*");
    }
}
