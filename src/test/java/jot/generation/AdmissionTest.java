package jot.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AdmissionTest {
    private static final Interruption NEVER = Interruption.when(() -> false);

    @Test
    void bytesBoundWhoeverIsIn() throws Exception {
        Admission admission = new Admission(Integer.MAX_VALUE, 100, true);
        Admission.Place first = onOtherThread(admission, 60);
        assertEquals(60, admission.bytes());
        assertThrows(Admission.Refused.class, () -> admission.enter(41, NEVER));
        Admission.Place second = admission.enter(40, NEVER).orElseThrow();
        assertEquals(100, admission.bytes());
        first.close();
        second.close();
        assertEquals(0, admission.bytes());
        assertThrows(IllegalArgumentException.class, () -> admission.enter(101, NEVER));
    }

    @Test
    void whoeverComesFirstGoesFirst() throws Exception {
        Admission admission = new Admission(1, Long.MAX_VALUE, false);
        Admission.Place held = onOtherThread(admission, 1);
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            int number = i;
            Thread thread = Thread.ofVirtual().start(() -> {
                try (Admission.Place _ = admission.enter(1, NEVER).orElseThrow()) {
                    order.add(number);
                } catch (Admission.Refused e) {
                    order.add(-1);
                }
            });
            threads.add(thread);
            while (thread.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
        }
        held.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), order);
    }

    @Test
    void aWaitIsEndedByItsInterruptionAndLetsTheNextOneIn() throws Exception {
        Admission admission = new Admission(1, Long.MAX_VALUE, false);
        Admission.Place held = onOtherThread(admission, 1);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicBoolean entered = new AtomicBoolean(true);
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                entered.set(admission.enter(1, Interruption.when(stop::get)).isPresent());
            } catch (Admission.Refused e) {
                entered.set(true);
            }
        });
        while (waiting.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        stop.set(true);
        admission.wakeAll();
        waiting.join();
        assertTrue(!entered.get());
        held.close();
        admission.enter(1, NEVER).orElseThrow().close();
    }

    @Test
    void whatIsHeldCountsOnceAndNobodyWaitsForIt() throws Exception {
        float[] shared = new float[5];
        Admission admission = new Admission(Integer.MAX_VALUE, 100, false);
        Admission.Holding first = admission.newHolding();
        Admission.Holding second = admission.newHolding();
        first.keep(new float[][] {shared, new float[5]});
        second.keep(new float[][] {shared});
        assertEquals(40, admission.bytes());
        admission.enter(60, NEVER).orElseThrow().close();
        assertThrows(Admission.Refused.class, () -> admission.enter(61, NEVER));
        first.clear();
        admission.enter(80, NEVER).orElseThrow().close();
        second.keep(new float[][] {shared, new float[1]});
        assertThrows(Admission.Refused.class, () -> admission.enter(80, NEVER));
        assertEquals(24, admission.bytes());
    }

    @Test
    void whoWaitsIsRefusedOnceNobodyIsLeftToGiveAnythingBack() throws Exception {
        Admission admission = new Admission(Integer.MAX_VALUE, 100, false);
        Admission.Holding kept = admission.newHolding();
        kept.keep(new float[][] {new float[10]});
        Admission.Place held = onOtherThread(admission, 50);
        AtomicBoolean refused = new AtomicBoolean();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                admission.enter(90, NEVER);
            } catch (Admission.Refused e) {
                refused.set(true);
            }
        });
        while (waiting.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        held.close();
        waiting.join();
        assertTrue(refused.get());
    }

    private static Admission.Place onOtherThread(Admission admission, long bytes) throws InterruptedException {
        Admission.Place[] place = new Admission.Place[1];
        Thread.ofPlatform().start(() -> {
            try {
                place[0] = admission.enter(bytes, NEVER).orElseThrow();
            } catch (Admission.Refused e) {
                throw new IllegalStateException(e);
            }
        }).join();
        return place[0];
    }
}
