package jot.reference;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.PositionPlan;
import jot.model.Rotary;
import jot.model.RotaryScaling;
import jot.tensor.Activation;

/**
 * Blueprints that differ from a given one in one thing each.
 *
 * <p>Every component of every record that makes a blueprint is visited, so that a component added later is changed too. Blocks that
 * are equal are changed together. Left alone is what cannot show in logits: names, the context, and changes that mean the same.
 */
final class BlueprintMutations {

    private static final float FACTOR = 1.25f;
    private static final Set<String> INVISIBLE = Set.of("family", "context");
    private static final List<Activation> ACTIVATIONS = List.of(Activation.Gelu.TANH, Activation.Gelu.ERF, new Activation.Relu(),
            new Activation.Silu());

    private BlueprintMutations() {
    }

    /**
     * A changed blueprint.
     *
     * @param change says what differs, such as {@code blocks[0, 2].attention.window: 6 → 7}
     */
    record Mutation(String change, Architecture architecture) {
    }

    /** A changed part of a blueprint. */
    private record Variant(String change, Object value) {
    }

    static List<Mutation> of(Architecture architecture) {
        return variants("", architecture).stream()
                .map(variant -> new Mutation(variant.change().substring(1), (Architecture) variant.value())).toList();
    }

    private static List<Variant> variants(String path, Object value) {
        List<Variant> found = new ArrayList<>();
        for (Object other : alternatives(path, value)) {
            found.add(new Variant(path + ": " + shown(value) + " → " + shown(other), other));
        }
        if (value instanceof Optional<?> optional) {
            optional.ifPresent(inner -> variants(path, inner).forEach(v -> found.add(new Variant(v.change(), Optional.of(v.value())))));
        } else if (value instanceof List<?> list && !list.isEmpty() && list.getFirst() instanceof BlockPlan) {
            found.addAll(blocks(path, list));
        } else if (value instanceof Record plan) {
            found.addAll(components(path, plan));
        }
        return found;
    }

    private static List<Variant> components(String path, Record plan) {
        RecordComponent[] components = plan.getClass().getRecordComponents();
        List<Variant> found = new ArrayList<>();
        for (int i = 0; i < components.length; i++) {
            String name = components[i].getName();
            if (!INVISIBLE.contains(name) && isVisible(name, plan)) {
                for (Variant variant : variants(path + "." + name, component(plan, i))) {
                    if (isPossible(plan, variant.value())) {
                        with(plan, i, variant.value()).ifPresent(changed -> found.add(new Variant(variant.change(), changed)));
                    }
                }
            }
        }
        if (plan instanceof AttentionPlan attention) {
            found.addAll(widerHeads(path, attention));
        }
        return found;
    }

    /** Equal blocks are changed together. */
    private static List<Variant> blocks(String path, List<?> blocks) {
        List<Variant> found = new ArrayList<>();
        for (Object block : blocks.stream().distinct().toList()) {
            List<Integer> equal = new ArrayList<>();
            for (int i = 0; i < blocks.size(); i++) {
                if (blocks.get(i).equals(block)) {
                    equal.add(i);
                }
            }
            for (Variant variant : variants(path + equal, block)) {
                List<Object> changed = new ArrayList<>(blocks);
                equal.forEach(i -> changed.set(i, variant.value()));
                found.add(new Variant(variant.change(), changed));
            }
        }
        return found;
    }

    /** Half as many heads of twice the size fit the same tensors. */
    private static List<Variant> widerHeads(String path, AttentionPlan plan) {
        if (plan.heads() % 2 != 0 || plan.keyHeads() % 2 != 0) {
            return List.of();
        }
        AttentionPlan wider = new AttentionPlan(plan.heads() / 2, plan.keyHeads() / 2, plan.headSize() * 2, plan.scale(), plan.window(),
                plan.softcap(), plan.rotary(), plan.alibi(), plan.norm(), plan.clip(), plan.sinks(), plan.inputBias(), plan.outputBias());
        return List.of(new Variant(path + ": half as many heads of twice the size", wider));
    }

    /** Other values of the same type, where its parts are not what changes. */
    private static List<?> alternatives(String path, Object value) {
        return switch (value) {
            case Integer number -> path.endsWith(".rotated") ? List.of(number - 2, number + 2)
                    : path.contains(".scaling.") ? List.of(number / 2, number * 2)
                    : number < 2 ? List.of(number + 1) : List.of(number - 1, number + 1);
            case Float number -> List.of((float) changed(path, number));
            case Double number -> List.of(changed(path, number));
            case Boolean flag -> List.of(!flag);
            case OptionalInt number -> number.isEmpty() ? List.of(OptionalInt.of(3))
                    : List.of(OptionalInt.of(number.getAsInt() - 1), OptionalInt.of(number.getAsInt() + 1), OptionalInt.empty());
            case Optional<?> optional when optional.isPresent() -> List.of(Optional.empty());
            case Optional<?> _ -> absent(path);
            case Activation activation -> ACTIVATIONS.stream().filter(other -> !other.equals(activation)).toList();
            case Enum<?> constant -> Arrays.stream(constant.getDeclaringClass().getEnumConstants()).filter(c -> c != constant).toList();
            case NormPlan.Layer layer -> List.of(new NormPlan.RootMeanSquare(layer.epsilon(), layer.weighted()));
            case NormPlan.RootMeanSquare rms -> List.of(new NormPlan.Layer(rms.epsilon(), rms.weighted(), false));
            case PositionPlan.Learned _, PositionPlan.Sinusoidal _ -> List.of(new PositionPlan.None());
            case RotaryScaling.None _ -> List.of(new RotaryScaling.Linear(2));
            case RotaryScaling _ -> List.of(new RotaryScaling.None());
            case List<?> numbers when !numbers.isEmpty() && numbers.getFirst() instanceof Double ->
                List.of(numbers.stream().map(number -> (Double) number * FACTOR).toList());
            default -> List.of();
        };
    }

    /**
     * Epsilons are tiny beside what they are added to, scaling tables have whole steps, and limits are rarely met, so only a great change
     * of these can show; 0 stands for "none".
     */
    private static double changed(String path, double number) {
        if (path.endsWith(".epsilon")) {
            return 1;
        }
        if (path.endsWith(".limit")) {
            return number / 8;
        }
        if (path.contains(".scaling.")) {
            return 4 * number;
        }
        return number == 0 ? 0.5 : number * FACTOR;
    }

    /** Mechanisms that may be tried where a plan has none. */
    private static List<?> absent(String path) {
        if (path.endsWith(".alibi")) {
            return List.of(Optional.of(AttentionPlan.Alibi.PUBLISHED));
        }
        return path.endsWith(".rotary") ? List.of(Optional.of(new Rotary(2, false, 10_000, new RotaryScaling.None()))) : List.of();
    }

    /** False where a change would mean the same. */
    private static boolean isVisible(String name, Record plan) {
        boolean onePair = plan instanceof Rotary rotary && rotary.rotated() == 2;
        boolean onlyMoreRows = plan instanceof PositionPlan.Sinusoidal && name.equals("rows");
        return !onlyMoreRows && !(onePair && (name.equals("theta") || name.equals("interleaved")));
    }

    /** False where no model could be like that, such as a norm after the addition without a norm, or where it would mean the same. */
    private static boolean isPossible(Record plan, Object value) {
        if (plan instanceof BlockPlan block && (value == BlockPlan.Residual.POST_NORM || value == BlockPlan.Residual.FROM_NORM)) {
            return block.attentionNorms().input().isPresent() && block.feedForwardNorms().input().isPresent();
        }
        if (plan instanceof AttentionPlan attention && value instanceof Optional<?> optional
                && optional.isPresent() && optional.get() instanceof Rotary rotary) {
            return rotary.rotated() >= 2 && rotary.rotated() <= attention.headSize();
        }
        if (plan instanceof AttentionPlan attention && attention.rotary().isEmpty() && value instanceof Optional<?> optional
                && optional.isPresent() && optional.get() instanceof AttentionPlan.QueryKeyNorm norm) {
            return norm.afterRotary() == attention.norm().orElseThrow().afterRotary();
        }
        return true;
    }

    private static Object component(Record plan, int index) {
        try {
            return plan.getClass().getRecordComponents()[index].getAccessor().invoke(plan);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** A copy with one component changed, or nothing where its constructor does not allow it. */
    private static Optional<Record> with(Record plan, int index, Object value) {
        RecordComponent[] components = plan.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = i == index ? value : component(plan, i);
        }
        try {
            Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<? extends Record> canonical = plan.getClass().getDeclaredConstructor(types);
            return Optional.of(canonical.newInstance(values));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException) {
                return Optional.empty();
            }
            throw new AssertionError(e);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static String shown(Object value) {
        return switch (value) {
            case OptionalInt number -> number.isPresent() ? Integer.toString(number.getAsInt()) : "none";
            case Optional<?> optional -> optional.isPresent() ? shown(optional.get()) : "none";
            case Float number -> Float.toString(number);
            case Record plan -> plan.getClass().getSimpleName();
            default -> value.toString();
        };
    }
}
