package jot.architecture;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What holds for every class of the product; each rule returns a line for each breach, and none where all is well. */
final class HouseRules {
    static final int MOST_TYPES_IN_A_PACKAGE = 25;

    /** Where arithmetic must give the same bits cold and hot, on every machine. */
    private static final Set<String> ARITHMETIC = Set.of(
        "jot.tensor", "jot.model", "jot.model.family", "jot.sampling", "jot.generation");

    /** {@code Math} may differ from machine to machine and from interpreter to compiler in these; StrictMath may not. */
    private static final Set<String> INEXACT = Set.of("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
        "exp", "expm1", "log", "log10", "log1p", "pow", "cbrt", "hypot");

    private static final Pattern EMPTY_NAME = Pattern.compile(".*(Utils?|Utilities|Manager|Impl|Helpers?)");
    private static final Pattern FLOATING_VECTOR = Pattern.compile("jdk\\.incubator\\.vector\\.(Float|Double)Vector");
    private static final Pattern TAKES_OR_RETURNS_A_VECTOR = Pattern.compile("\\(.*Ljdk/incubator/vector/\\w*Vector;.*");
    private static final String VECTOR_OPERATORS = "jdk.incubator.vector.VectorOperators";

    private final Layers layers;
    private final Collection<CompiledClass> classes;

    HouseRules(Layers layers, Collection<CompiledClass> classes) {
        this.layers = layers;
        this.classes = classes;
    }

    /** Every package stands in a layer and uses only what is further right. */
    List<String> wrongDirections() {
        return classes.stream()
            .flatMap(type -> type.types().stream()
                .filter(used -> !layers.allow(type.packageName(), CompiledClass.packageOf(used)))
                .map(used -> type.name() + " uses " + used))
            .distinct()
            .toList();
    }

    /** No package uses itself by way of others, whatever the layers say. */
    List<String> cycles() {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (CompiledClass type : classes) {
            uses.computeIfAbsent(type.packageName(), _ -> new TreeSet<>()).addAll(type.packagesUsed());
        }
        uses.forEach((user, used) -> used.remove(user));
        List<String> found = new ArrayList<>();
        for (String start : uses.keySet()) {
            follow(start, start, uses, new LinkedHashSet<>(Set.of(start)), found);
        }
        return found;
    }

    /** Reports every simple path that leads back to its start, told from its first package in the alphabet. */
    private static void follow(String start, String at, Map<String, Set<String>> uses, LinkedHashSet<String> path, List<String> found) {
        for (String next : uses.getOrDefault(at, Set.of())) {
            if (next.equals(start)) {
                found.add(String.join(" -> ", path) + " -> " + start);
            } else if (next.compareTo(start) > 0 && path.add(next)) {
                follow(start, next, uses, path, found);
                path.remove(next);
            }
        }
    }

    /** Only the command line writes to the streams of the process. */
    List<String> printing() {
        return breaches(type -> !type.packageName().equals("jot.cli"), member ->
            member.owner().equals("java.lang.System") && Set.of("out", "err").contains(member.name())
                || member.name().equals("printStackTrace") && member.descriptor().equals("()V"));
    }

    /** Arithmetic is Jot's own where the platform's depends on machine or compiler. */
    List<String> inexactArithmetic() {
        return breaches(type -> ARITHMETIC.contains(type.packageName()), member ->
            member.owner().equals("java.lang.Math") && INEXACT.contains(member.name())
                || FLOATING_VECTOR.matcher(member.owner()).matches() && member.name().startsWith("reduceLanes")
                || member.owner().equals(VECTOR_OPERATORS) && INEXACT.contains(member.name().toLowerCase(Locale.ROOT)));
    }

    /**
     * Vectors stay within a method. One that is handed to a method, or comes from it, becomes an object as soon as the compiler does not
     * inline that method, be it only because it has compiled it before.
     */
    List<String> vectorsHandedOver() {
        return breaches(_ -> true, member ->
            member.owner().startsWith("jot.") && TAKES_OR_RETURNS_A_VECTOR.matcher(member.descriptor()).matches());
    }

    /** Work runs on Jot's own threads and never on the pool that an application shares. */
    List<String> commonPool() {
        return breaches(_ -> true, member ->
            member.name().equals("commonPool") || member.name().equals("parallelStream")
                || member.name().equals("parallel") && member.owner().startsWith("java.util.stream.")
                || member.owner().equals("java.util.Arrays") && member.name().startsWith("parallel"));
    }

    /** Text is made and changed the same way in every country. */
    List<String> localeDependence() {
        return breaches(_ -> true, member -> member.owner().equals("java.lang.String")
            && (Set.of("toLowerCase", "toUpperCase").contains(member.name()) && member.descriptor().startsWith("()")
                || member.name().equals("formatted")
                || member.name().equals("format") && !member.descriptor().startsWith("(Ljava/util/Locale;")));
    }

    /** A package stays small enough to be taken in. */
    List<String> crowdedPackages() {
        Map<String, Long> sizes = classes.stream()
            .filter(CompiledClass::isTopLevel)
            .collect(Collectors.groupingBy(CompiledClass::packageName, TreeMap::new, Collectors.counting()));
        return sizes.entrySet().stream()
            .filter(size -> size.getValue() > MOST_TYPES_IN_A_PACKAGE)
            .map(size -> size.getKey() + " has " + size.getValue() + " top-level types, at most " + MOST_TYPES_IN_A_PACKAGE + " fit")
            .toList();
    }

    /** A name says what a class is. */
    List<String> emptyNames() {
        return classes.stream().map(CompiledClass::name).filter(name -> EMPTY_NAME.matcher(name).matches()).toList();
    }

    /** What an exported package shows is exported as well: a user could name no other type. */
    List<String> hiddenTypes(Set<String> exported) {
        Set<String> open = classes.stream().filter(CompiledClass::open).map(CompiledClass::name).collect(Collectors.toSet());
        Predicate<String> visible = name -> exported.contains(CompiledClass.packageOf(name)) && isOpenThroughout(name, open);
        return classes.stream()
            .filter(type -> visible.test(type.name()))
            .flatMap(type -> type.shown().stream().filter(visible.negate()).map(shown -> type.name() + " shows " + shown))
            .toList();
    }

    /** Whether a type and all classes around it are open. */
    private static boolean isOpenThroughout(String name, Set<String> open) {
        int outer = name.lastIndexOf('$');
        return open.contains(name) && (outer < 0 || isOpenThroughout(name.substring(0, outer), open));
    }

    /** Every rule at once but {@link #hiddenTypes}, which has to be told what is exported. */
    List<String> breaches() {
        return Stream.of(wrongDirections(), cycles(), printing(), inexactArithmetic(), vectorsHandedOver(), commonPool(),
            localeDependence(), crowdedPackages(), emptyNames()).flatMap(List::stream).toList();
    }

    private List<String> breaches(Predicate<CompiledClass> where, Predicate<CompiledClass.Member> what) {
        return classes.stream()
            .filter(where)
            .flatMap(type -> type.members().stream()
                .filter(what)
                .map(member -> type.name() + " uses " + member.owner() + "." + member.name() + " " + member.descriptor())
                .sorted())
            .toList();
    }
}
