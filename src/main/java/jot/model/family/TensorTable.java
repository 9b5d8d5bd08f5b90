package jot.model.family;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The names that a family gives to its tensors, and how they are laid out in its files.
 *
 * <p>Names lack {@code .weight} and {@code .bias}; {@code {}} stands for the number of the block, {@code {head}} and
 * {@code {expert}} for those of a head and an expert. Immutable and thread-safe.
 */
public final class TensorTable {

    /** Stands for the number of the block in a name. */
    public static final String BLOCK_NUMBER = "{}";
    /** Stands for the number of the head in a name. */
    public static final String HEAD_NUMBER = "{head}";
    /** Stands for the number of the expert in a name. */
    public static final String EXPERT_NUMBER = "{expert}";

    /** How queries, keys and values share one tensor. */
    public enum QueryKeyValueLayout {
        /** All queries, then all keys, then all values. */
        CONCATENATED,
        /** Head by head: its queries, its keys, its values. */
        BY_HEAD,
        /** Key head by key head: the queries that read it, its keys, its values. */
        BY_KEY_HEAD,
        /** Four parts, each with a quarter of the queries, then of the values, then of the keys (CodeGen). */
        CODEGEN
    }

    /** How the matrices of experts are stored. */
    public enum ExpertLayout {
        /** Each matrix of each expert by itself. */
        SEPARATE,
        /** All experts in one tensor, gate before up, as {@code [experts][outputs][inputs]}; names are whole but for {@code .weight}. */
        STACKED,
        /**
         * All experts in one tensor, as {@code [experts][inputs][outputs]}, gate and up in turn; names are whole, and {@code _bias} is
         * added for biases (gpt-oss).
         */
        TRANSPOSED,
        /**
         * The same in MXFP4: {@code _blocks} of 16 bytes, {@code [experts][outputs][inputs/32][16]}, and {@code _scales}; names are whole.
         */
        MXFP4
    }

    private static final Pattern IN_BLOCK = Pattern.compile("(.*\\.)?\\d+\\..*");
    private static final List<Role> TASK_HEADS = List.of(Role.SCORES, Role.CLASSIFIER, Role.CHOICE);

    private final List<String> prefixes;
    private final Map<Role, String> names;
    private final Map<Role, String> biases;
    private final boolean transposed;
    private final QueryKeyValueLayout queryKeyValueLayout;
    private final ExpertLayout expertLayout;
    private final float normOffset;
    private final List<Pattern> leftOut;

    private TensorTable(Builder builder) {
        prefixes = List.copyOf(builder.prefixes);
        names = Map.copyOf(builder.names);
        biases = Map.copyOf(builder.biases);
        transposed = builder.transposed;
        queryKeyValueLayout = builder.queryKeyValueLayout;
        expertLayout = builder.expertLayout;
        normOffset = builder.normOffset;
        leftOut = List.copyOf(builder.leftOut);
    }

    /**
     * Begins a table.
     *
     * @param prefixes what may stand before each name, such as {@code transformer.} and nothing
     */
    public static Builder withPrefixes(String... prefixes) {
        return new Builder(List.of(prefixes));
    }

    /** What may stand before each name. */
    public List<String> prefixes() {
        return prefixes;
    }

    /** The name of a role without prefix and block number, if the family has it. */
    public Optional<String> name(Role role) {
        return Optional.ofNullable(names.get(role));
    }

    /** The whole name of a role's bias where it is not the role's own name and {@code .bias}. */
    public Optional<String> biasName(Role role) {
        return Optional.ofNullable(biases.get(role));
    }

    /** Whether the matrices of blocks are stored {@code [inputs][outputs]}, as GPT-2's are. */
    public boolean transposed() {
        return transposed;
    }

    /** How queries, keys and values share a tensor. */
    public QueryKeyValueLayout queryKeyValueLayout() {
        return queryKeyValueLayout;
    }

    /** How the matrices of experts are stored. */
    public ExpertLayout expertLayout() {
        return expertLayout;
    }

    /** What is added to every weight of a norm while loading (1 in Gemma). */
    public float normOffset() {
        return normOffset;
    }

    /** The whole name of a tensor outside of blocks, if it is among the names of a file. */
    public Optional<String> storedName(Role role, Set<String> stored) {
        String name = names.get(role) + ".weight";
        return prefixes.stream().map(prefix -> name.startsWith("/") ? name.substring(1) : prefix + name).filter(stored::contains)
                .findFirst();
    }

    /** A name without the prefix that may stand before it. */
    public String bare(String name) {
        for (String prefix : prefixes) {
            if (!prefix.isEmpty() && name.startsWith(prefix)) {
                return name.substring(prefix.length());
            }
        }
        return name;
    }

    /** Whether a matrix of that bare name is stored {@code [inputs][outputs]}. */
    public boolean transposes(String bare) {
        return transposed && IN_BLOCK.matcher(bare).matches();
    }

    /** Whether a parameter belongs to a head for a task other than language. */
    public boolean isTaskHead(String parameter) {
        return TASK_HEADS.stream().map(names::get).anyMatch(head -> head != null && parameter.startsWith(head.substring(1) + '.'));
    }

    /** Whether a tensor that no role names is knowingly left out, its prefix removed. */
    public boolean leavesOut(String name) {
        return leftOut.stream().anyMatch(pattern -> pattern.matcher(name).matches());
    }

    /** Collects a table. */
    public static final class Builder {

        private final List<String> prefixes;
        private final Map<Role, String> names = new EnumMap<>(Role.class);
        private final Map<Role, String> biases = new EnumMap<>(Role.class);
        private final List<Pattern> leftOut = new ArrayList<>();
        private boolean transposed;
        private QueryKeyValueLayout queryKeyValueLayout = QueryKeyValueLayout.CONCATENATED;
        private ExpertLayout expertLayout = ExpertLayout.SEPARATE;
        private float normOffset;

        /** Task heads are called the same in every family. */
        private Builder(List<String> prefixes) {
            this.prefixes = prefixes;
            names.put(Role.SCORES, "/score");
            names.put(Role.CLASSIFIER, "/classifier");
            names.put(Role.CHOICE, "/multiple_choice_head.summary");
        }

        /** Names the tensor of a role; a name that begins with {@code /} never has a prefix. */
        public Builder name(Role role, String name) {
            names.put(role, name);
            return this;
        }

        /** Names the bias of a role where it is not called after the role's tensor. */
        public Builder bias(Role role, String name) {
            biases.put(role, name);
            return this;
        }

        /** Says that matrices of blocks are stored {@code [inputs][outputs]}. */
        public Builder transposed() {
            transposed = true;
            return this;
        }

        /** Says how queries, keys and values share a tensor. */
        public Builder queryKeyValue(QueryKeyValueLayout layout) {
            queryKeyValueLayout = layout;
            return this;
        }

        /** Says how the matrices of experts are stored. */
        public Builder experts(ExpertLayout layout) {
            expertLayout = layout;
            return this;
        }

        /** Says what is added to every weight of a norm. */
        public Builder normOffset(float offset) {
            normOffset = offset;
            return this;
        }

        /** Says which tensors are knowingly left out: a regular expression on names without prefix. */
        public Builder leaveOut(String expression) {
            leftOut.add(Pattern.compile(expression));
            return this;
        }

        /** The table. */
        public TensorTable build() {
            return new TensorTable(this);
        }
    }
}
